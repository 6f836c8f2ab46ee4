/*
 * template_config.h
 *		The steps of a campaign as a jsonb document.
 */
#ifndef CAMPAIGN_TEMPLATE_CONFIG_H
#define CAMPAIGN_TEMPLATE_CONFIG_H

#include "core/documents.h"

extern const Document TemplateConfigDocument;

#endif							/* CAMPAIGN_TEMPLATE_CONFIG_H */
