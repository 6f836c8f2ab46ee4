/*
 * early_malloc.c
 *		Lets a program that was not built for it run under a preloaded ASan.
 *
 * The ASan runtime sets itself up in the first malloc and asks for a message
 * of the C library's while it does.  In the server that first malloc happens
 * inside bindtextdomain(), called by some library's constructor, under the
 * very lock that looking up a message takes: the program hangs before main.
 * Linked with -z initfirst this constructor runs before all others.
 */
#include <stdlib.h>

static void __attribute__((constructor))
allocate_early(void)
{
	void	   *volatile memory = malloc(1);

	free(memory);
}
