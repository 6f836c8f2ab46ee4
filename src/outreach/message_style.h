/*
 * message_style.h
 *		What a step and a whole campaign can say of generated messages.
 */
#ifndef CAMPAIGN_MESSAGE_STYLE_H
#define CAMPAIGN_MESSAGE_STYLE_H

#include "core/documents.h"

#define CAMPAIGN_MAX_NOTE_CHARS 2000

extern const DocSchema ToneSchema;
extern const DocSchema FormalitySchema;
extern const DocSchema LanguageSchema;
extern const DocSchema NoteSchema;
extern const DocSchema VariantCountSchema;

#endif							/* CAMPAIGN_MESSAGE_STYLE_H */
