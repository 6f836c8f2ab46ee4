-- The rows of a database that fill.sql of 0.3.0 has filled, as pg_dump writes them.

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

COPY campaign.access_grants (role_name, level, granted_at, granted_by) FROM stdin;
regress_dump_ada	member	2026-11-21 23:24:59.499169+00	postgres
regress_dump_bob	member	2026-11-21 23:24:59.519485+00	postgres
regress_dump_worker	worker	2026-11-21 23:24:59.534057+00	postgres
regress_dump_admin	admin	2026-11-21 23:24:59.53741+00	postgres
\.

COPY campaign.tenants (id, name, slug, timezone, sender_name, review_url, link_base_url, min_gap, seeded, created_at, updated_at, quiet_from, quiet_until, conflict_policy, review_cooldown, parallel_sequences, log_retention) FROM stdin;
01a2006d-6725-73c7-8320-27f34419adf6	Bob & Sons	bob	America/New_York	\N	\N	\N	01:00:00	f	2026-11-21 23:24:59.556464+00	2026-11-21 23:24:59.556464+00	\N	\N	ask	30 days	f	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	Ada's Plumbing	ada	Europe/Berlin	Ada	https://reviews.example/ada	https://go.example/	01:00:00	f	2026-11-21 23:24:59.546634+00	2026-11-21 23:24:59.563147+00	00:00:00	00:00:00	ask	30 days	f	\N
\.

COPY campaign.blackout_dates (tenant_id, day, name, created_at, updated_at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	2000-12-25	Christmas Day	2026-11-21 23:24:59.572456+00	2026-11-21 23:24:59.572456+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	2000-12-26	Boxing\tDay	2026-11-21 23:24:59.572456+00	2026-11-21 23:24:59.572456+00
\.

COPY campaign.campaigns (tenant_id, id, kind, name, description, status, archived_at, external_id, created_by, created_at, updated_at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	outreach	Reviews	Two emails and an SMS over eleven days.	running	\N	\N	regress_dump_ada	2026-11-21 23:24:59.593123+00	2026-11-21 23:24:59.608408+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6770-786e-975b-29d28e0482dc	outreach	Draft	\N	draft	\N	\N	regress_dump_ada	2026-11-21 23:24:59.632344+00	2026-11-21 23:24:59.632344+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6765-785c-9b97-964c88febe6c	outreach	Fax	\N	paused	\N	\N	regress_dump_ada	2026-11-21 23:24:59.621045+00	2026-11-21 23:24:59.720362+00
\.

COPY campaign.companies (tenant_id, id, name, domain, tier, industry, region, size, external_id, attributes, created_at, updated_at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6730-7330-8a8a-1d0593285541	ACME	\N	\N	\N	\N	\N	\N	{"note": "quotes \\" and \\\\ "}	2026-11-21 23:24:59.567859+00	2026-11-21 23:24:59.567859+00
\.

COPY campaign.contacts (tenant_id, id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, archived_at, created_at, updated_at, quiet_from, quiet_until, erased_at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6731-7e5f-be3c-d7d3ecd6e60e	Contact	1	contact1@example.com	+49301231	\N	Asia/Tokyo	\N	01a2006d-6730-7330-8a8a-1d0593285541	\N	\N	\N	\N	\N	f	\N	\N	{"n": 1}	\N	2026-11-21 23:24:59.568981+00	2026-11-21 23:24:59.568981+00	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6732-7e85-80e4-2b839accd71a	Contact	2	contact2@example.com	+49301232	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 2}	\N	2026-11-21 23:24:59.568981+00	2026-11-21 23:24:59.568981+00	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6732-7f1b-8310-56f3a70e941b	Contact	3	contact3@example.com	+49301233	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 3}	\N	2026-11-21 23:24:59.568981+00	2026-11-21 23:24:59.568981+00	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6732-7f56-be0f-22397852975d	Contact	4	contact4@example.com	+49301234	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 4}	\N	2026-11-21 23:24:59.568981+00	2026-11-21 23:24:59.568981+00	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6732-7f82-b2eb-f32f589e004f	Contact	5	contact5@example.com	+49301235	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 5}	\N	2026-11-21 23:24:59.568981+00	2026-11-21 23:24:59.568981+00	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6732-7fab-ab3b-888209346277	Contact	6	contact6@example.com	+49301236	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 6}	\N	2026-11-21 23:24:59.568981+00	2026-11-21 23:24:59.568981+00	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6732-7fe9-b1ee-c237ffc5ff8b	Contact	7	contact7@example.com	+49301237	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 7}	\N	2026-11-21 23:24:59.568981+00	2026-11-21 23:24:59.568981+00	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6733-7021-b810-9b16041b86a5	Contact	8	contact8@example.com	+49301238	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 8}	\N	2026-11-21 23:24:59.568981+00	2026-11-21 23:24:59.568981+00	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6733-7061-aac4-fa113393d2f0	Contact	9	contact9@example.com	+49301239	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 9}	2026-11-21 23:24:59.581472+00	2026-11-21 23:24:59.568981+00	2026-11-21 23:24:59.581472+00	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-67ea-7559-99d8-9cabad4d6e5b	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{}	2026-11-21 23:24:59.756682+00	2026-11-21 23:24:59.754101+00	2026-11-21 23:24:59.756682+00	\N	\N	2026-11-21 23:24:59.756682+00
\.

COPY campaign.service_types (tenant_id, service_type, name, first_touch_delay, seeded, created_at, updated_at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	hvac	Heating and cooling	24:00:00	f	2026-11-21 23:24:59.546634+00	2026-11-21 23:24:59.546634+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	plumbing	Plumbing	48:00:00	f	2026-11-21 23:24:59.546634+00	2026-11-21 23:24:59.546634+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	electrical	Electrical	24:00:00	f	2026-11-21 23:24:59.546634+00	2026-11-21 23:24:59.546634+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	cleaning	Cleaning	04:00:00	f	2026-11-21 23:24:59.546634+00	2026-11-21 23:24:59.546634+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	roofing	Roofing	72:00:00	f	2026-11-21 23:24:59.546634+00	2026-11-21 23:24:59.546634+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	painting	Painting	48:00:00	f	2026-11-21 23:24:59.546634+00	2026-11-21 23:24:59.546634+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	handyman	Handyman	24:00:00	f	2026-11-21 23:24:59.546634+00	2026-11-21 23:24:59.546634+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	other	Other	24:00:00	f	2026-11-21 23:24:59.546634+00	2026-11-21 23:24:59.546634+00
01a2006d-6725-73c7-8320-27f34419adf6	hvac	Heating and cooling	24:00:00	f	2026-11-21 23:24:59.556464+00	2026-11-21 23:24:59.556464+00
01a2006d-6725-73c7-8320-27f34419adf6	plumbing	Plumbing	48:00:00	f	2026-11-21 23:24:59.556464+00	2026-11-21 23:24:59.556464+00
01a2006d-6725-73c7-8320-27f34419adf6	electrical	Electrical	24:00:00	f	2026-11-21 23:24:59.556464+00	2026-11-21 23:24:59.556464+00
01a2006d-6725-73c7-8320-27f34419adf6	cleaning	Cleaning	04:00:00	f	2026-11-21 23:24:59.556464+00	2026-11-21 23:24:59.556464+00
01a2006d-6725-73c7-8320-27f34419adf6	roofing	Roofing	72:00:00	f	2026-11-21 23:24:59.556464+00	2026-11-21 23:24:59.556464+00
01a2006d-6725-73c7-8320-27f34419adf6	painting	Painting	48:00:00	f	2026-11-21 23:24:59.556464+00	2026-11-21 23:24:59.556464+00
01a2006d-6725-73c7-8320-27f34419adf6	handyman	Handyman	24:00:00	f	2026-11-21 23:24:59.556464+00	2026-11-21 23:24:59.556464+00
01a2006d-6725-73c7-8320-27f34419adf6	other	Other	24:00:00	f	2026-11-21 23:24:59.556464+00	2026-11-21 23:24:59.556464+00
\.

COPY campaign.jobs (tenant_id, id, contact_id, service_type, status, completed_at, campaign_override, external_id, created_at, updated_at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6778-78ee-874b-b274755223be	01a2006d-6733-7021-b810-9b16041b86a5	plumbing	scheduled	\N	\N	job 8	2026-11-21 23:24:59.639221+00	2026-11-21 23:24:59.639221+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6777-7e2b-9161-54245056736a	01a2006d-6731-7e5f-be3c-d7d3ecd6e60e	plumbing	completed	2026-11-19 23:24:59.641761+00	\N	job 1	2026-11-21 23:24:59.639221+00	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6778-77ce-a78e-9da68d1a1876	01a2006d-6732-7e85-80e4-2b839accd71a	plumbing	completed	2026-11-19 23:24:59.641761+00	\N	job 2	2026-11-21 23:24:59.639221+00	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6778-7832-ab89-44b88de2861d	01a2006d-6732-7f1b-8310-56f3a70e941b	plumbing	completed	2026-11-19 23:24:59.641761+00	\N	job 3	2026-11-21 23:24:59.639221+00	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6778-785c-8d0c-828488522cf9	01a2006d-6732-7f56-be0f-22397852975d	plumbing	completed	2026-11-19 23:24:59.641761+00	\N	job 4	2026-11-21 23:24:59.639221+00	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6778-7881-8548-cb8efb87a003	01a2006d-6732-7f82-b2eb-f32f589e004f	plumbing	completed	2026-11-19 23:24:59.641761+00	\N	job 5	2026-11-21 23:24:59.639221+00	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6778-78a4-9218-f5012b9726f1	01a2006d-6732-7fab-ab3b-888209346277	plumbing	completed	2026-11-19 23:24:59.641761+00	\N	job 6	2026-11-21 23:24:59.639221+00	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6778-78c8-9e3e-d4cbe7cc160a	01a2006d-6732-7fe9-b1ee-c237ffc5ff8b	plumbing	completed	2026-11-19 23:24:59.641761+00	\N	job 7	2026-11-21 23:24:59.639221+00	2026-11-21 23:24:59.641761+00
\.

COPY campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, job_id, plan_version, status, stop_reason, anchor_at, first_scheduled_at, enrolled_at, completed_at, stopped_at, exclusive, base_shift, log_removed_at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6780-7b16-8e3e-1ddf041610bd	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6731-7e5f-be3c-d7d3ecd6e60e	01a2006d-6777-7e2b-9161-54245056736a	1	active	\N	2026-11-19 23:24:59.641761+00	2026-11-20 23:24:59.641761+00	2026-11-21 23:24:59.641761+00	\N	\N	t	00:00:00	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6788-7b9e-810a-ba18aa0609c4	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6732-7e85-80e4-2b839accd71a	01a2006d-6778-77ce-a78e-9da68d1a1876	1	active	\N	2026-11-19 23:24:59.641761+00	2026-11-20 23:24:59.641761+00	2026-11-21 23:24:59.641761+00	\N	\N	t	00:00:00	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-678c-723c-a5cd-821646350c3a	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6732-7f1b-8310-56f3a70e941b	01a2006d-6778-7832-ab89-44b88de2861d	1	active	\N	2026-11-19 23:24:59.641761+00	2026-11-20 23:24:59.641761+00	2026-11-21 23:24:59.641761+00	\N	\N	t	00:00:00	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-678e-7f02-9195-b79c26d3b4c7	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6732-7f56-be0f-22397852975d	01a2006d-6778-785c-8d0c-828488522cf9	1	active	\N	2026-11-19 23:24:59.641761+00	2026-11-20 23:24:59.641761+00	2026-11-21 23:24:59.641761+00	\N	\N	t	00:00:00	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6791-7e03-b167-82fa67bfc87b	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6732-7f82-b2eb-f32f589e004f	01a2006d-6778-7881-8548-cb8efb87a003	1	active	\N	2026-11-19 23:24:59.641761+00	2026-11-20 23:24:59.641761+00	2026-11-21 23:24:59.641761+00	\N	\N	t	00:00:00	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6796-7bba-af36-b728ee591e5b	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6732-7fe9-b1ee-c237ffc5ff8b	01a2006d-6778-78c8-9e3e-d4cbe7cc160a	1	active	\N	2026-11-19 23:24:59.641761+00	2026-11-20 23:24:59.641761+00	2026-11-21 23:24:59.641761+00	\N	\N	t	00:00:00	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-679b-783a-9312-8a7e67376352	01a2006d-6765-785c-9b97-964c88febe6c	01a2006d-6733-7021-b810-9b16041b86a5	\N	1	active	\N	2026-11-21 23:24:59.674853+00	2026-11-21 23:24:59.674853+00	2026-11-21 23:24:59.674853+00	\N	\N	t	00:00:00	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6794-7e27-a047-581995c1611e	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6732-7fab-ab3b-888209346277	01a2006d-6778-78a4-9218-f5012b9726f1	1	stopped	owner_stopped	2026-11-19 23:24:59.641761+00	2026-11-20 23:24:59.641761+00	2026-11-21 23:24:59.641761+00	\N	2026-11-21 23:24:59.715106+00	t	00:00:00	\N
\.

COPY campaign.campaign_templates (tenant_id, id, name, description, template_config, default_config, seeded, created_at, updated_at) FROM stdin;
00000000-0000-0000-0000-000000000000	01a2006d-6728-7f48-85c0-e2c62f794ed3	Imported	\N	[{"step": 1, "label": "Imported", "channel": "email", "delay_hours": 1}]	{}	f	2026-11-21 23:24:59.560582+00	2026-11-21 23:24:59.560582+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-672f-77e2-9e37-47035683bbfe	Fax only	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a2006d-672c-7d14-b76f-95d450765dfb"}]	{}	f	2026-11-21 23:24:59.567195+00	2026-11-21 23:24:59.567195+00
\.

COPY campaign.channels (channel, name, has_subject, has_body, body_limit, address_kind, consent, uncertain_policy, uncertain_wait, seeded, quiet_from, quiet_until, hourly_limit, contact_interval) FROM stdin;
x_fax	Fax	f	t	500	phone	not_opted_out	operator	\N	f	21:00:00	08:00:00	\N	01:00:00
\.

COPY campaign.message_templates (tenant_id, id, channel, service_type, name, subject, body, body_html, is_default, archived_at, copied_from, seeded, created_at, updated_at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-672c-7d14-b76f-95d450765dfb	x_fax	\N	Fax	\N	Dear {{contact.first_name}},\n\tthank you.\n\\.	\N	f	\N	\N	f	2026-11-21 23:24:59.564266+00	2026-11-21 23:24:59.564266+00
\.

COPY campaign.outreach_campaigns (tenant_id, campaign_id, audience, service_type, template_config, plan_version, max_attempts, is_matching, owner_member, language, created_at, updated_at, resume_policy) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	jobs	\N	[{"step": 1, "label": "Review request", "channel": "email", "delay_hours": 24, "use_service_delay": false}, {"step": 2, "label": "Reminder", "channel": "email", "delay_hours": 72}, {"step": 3, "label": "Last reminder", "channel": "sms", "delay_hours": 168}]	1	4	t	regress_dump_ada	\N	2026-11-21 23:24:59.593123+00	2026-11-21 23:24:59.608408+00	keep
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6765-785c-9b97-964c88febe6c	contacts	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a2006d-672c-7d14-b76f-95d450765dfb"}]	1	4	t	regress_dump_ada	\N	2026-11-21 23:24:59.621045+00	2026-11-21 23:24:59.62593+00	keep
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6770-786e-975b-29d28e0482dc	contacts	\N	[{"step": 1, "label": "Hello again", "channel": "email", "delay_hours": 2}]	2	4	f	regress_dump_ada	\N	2026-11-21 23:24:59.632344+00	2026-11-21 23:24:59.635697+00	keep
\.

COPY campaign.campaign_touches (tenant_id, campaign_id, plan_version, touch_number, step, channel, label, delay, use_service_delay, condition, on_failure, max_lateness, late, template_id, subject, body, body_html, needs_pdf, variant_count, attachments, config) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	1	1	1	email	Review request	24:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	1	2	2	email	Reminder	72:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	1	3	3	sms	Last reminder	168:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6765-785c-9b97-964c88febe6c	1	1	1	x_fax	Fax	00:00:00	f	always	advance	\N	\N	01a2006d-672c-7d14-b76f-95d450765dfb	\N	\N	\N	f	1	{}	{}
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6770-786e-975b-29d28e0482dc	1	1	1	email	Hello	01:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6770-786e-975b-29d28e0482dc	2	1	1	email	Hello again	02:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
\.

COPY campaign.consents (tenant_id, contact_id, channel, state, at, source, method) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6731-7e5f-be3c-d7d3ecd6e60e	sms	opted_in	2026-11-21 23:24:59.573634+00	form	checkbox
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6732-7f1b-8310-56f3a70e941b	sms	opted_out	2026-11-21 23:24:59.743205+00	event	unsubscribed
\.

COPY campaign.count_folds (tenant_id, folded_at) FROM stdin;
01a2006d-6725-73c7-8320-27f34419adf6	-infinity
01a2006d-671c-7d61-9f4e-cc4afc6f398d	2026-11-21 23:24:59.698344+00
\.

COPY campaign.daily_counts (tenant_id, campaign_id, day, metric, n) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	2026-11-22	failed	1
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	2026-11-22	enrolled	7
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6765-785c-9b97-964c88febe6c	2026-11-22	enrolled	1
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	2026-11-22	sent	1
\.

COPY campaign.enrollment_conflicts (tenant_id, id, contact_id, campaign_id, job_id, live_enrollment_id, at, anchor_at, policy, resolve_after, resolution, reason, resolved_at, resolved_by, enrollment_id) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6799-737a-93e0-9579682af2b5	01a2006d-6731-7e5f-be3c-d7d3ecd6e60e	01a2006d-6765-785c-9b97-964c88febe6c	\N	01a2006d-6780-7b16-8e3e-1ddf041610bd	2026-11-21 23:24:59.671316+00	\N	ask	2026-11-22 23:24:59.671316+00	\N	\N	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-679c-7e82-9740-2e18877612cd	01a2006d-6732-7e85-80e4-2b839accd71a	01a2006d-6765-785c-9b97-964c88febe6c	\N	01a2006d-6788-7b9e-810a-ba18aa0609c4	2026-11-21 23:24:59.676103+00	\N	ask	2026-11-22 23:24:59.676103+00	skipped	\N	2026-11-21 23:24:59.677651+00	regress_dump_ada	\N
\.

COPY campaign.job_enrollments (tenant_id, id, job_id, campaign_id, enrollment_id, outcome, reason, at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6785-7e52-8f64-808acad76a7e	01a2006d-6777-7e2b-9161-54245056736a	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6780-7b16-8e3e-1ddf041610bd	enrolled	\N	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-678a-7425-aa3f-a3491b5d4caf	01a2006d-6778-77ce-a78e-9da68d1a1876	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6788-7b9e-810a-ba18aa0609c4	enrolled	\N	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-678d-72e7-b83e-3443334ee56c	01a2006d-6778-7832-ab89-44b88de2861d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-678c-723c-a5cd-821646350c3a	enrolled	\N	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6790-728b-a04f-204189f50aa5	01a2006d-6778-785c-8d0c-828488522cf9	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-678e-7f02-9195-b79c26d3b4c7	enrolled	\N	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6793-72e5-bf6d-9773422c9ccf	01a2006d-6778-7881-8548-cb8efb87a003	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6791-7e03-b167-82fa67bfc87b	enrolled	\N	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6796-7216-84b0-5903b4786985	01a2006d-6778-78a4-9218-f5012b9726f1	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6794-7e27-a047-581995c1611e	enrolled	\N	2026-11-21 23:24:59.641761+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6797-700d-89f3-bd6d7c61a6f5	01a2006d-6778-78c8-9e3e-d4cbe7cc160a	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6796-7bba-af36-b728ee591e5b	enrolled	\N	2026-11-21 23:24:59.641761+00
\.

COPY campaign.lanes (tenant_id, lane, campaign_id, channel, paused, throttled_until, paused_at, resumed_at, resume_policy, spread, shift) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	1	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	email	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	2	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	sms	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	4	01a2006d-6770-786e-975b-29d28e0482dc	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	3	01a2006d-6765-785c-9b97-964c88febe6c	x_fax	t	-infinity	2026-11-21 23:24:59.720362+00	-infinity	keep	01:00:00	00:00:00
\.

COPY campaign.life_cycle_log (tenant_id, id, machine, relation, entity_id, at, from_state, to_state, actor, reason) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-675a-7eeb-b0a1-a2a939e2ee25	outreach	campaign.campaigns	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	2026-11-21 23:24:59.610933+00	draft	ready	regress_dump_ada	launch
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-675d-7204-8145-3c7d48c48843	outreach	campaign.campaigns	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	2026-11-21 23:24:59.613126+00	ready	running	regress_dump_ada	launch
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-676a-7fc5-85fd-e0452f23b745	outreach	campaign.campaigns	01a2006d-6765-785c-9b97-964c88febe6c	2026-11-21 23:24:59.626986+00	draft	ready	regress_dump_ada	launch
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-676c-7145-86cd-1dfe3a8599f8	outreach	campaign.campaigns	01a2006d-6765-785c-9b97-964c88febe6c	2026-11-21 23:24:59.62808+00	ready	running	regress_dump_ada	launch
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-67c9-7562-9f01-2aef3ff631f2	outreach	campaign.campaigns	01a2006d-6765-785c-9b97-964c88febe6c	2026-11-21 23:24:59.721409+00	running	paused	regress_dump_ada	holidays
\.

COPY campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) FROM stdin;
x_ticket	open	0	t	f	Somebody waits.	f
x_ticket	closed	0	f	t	Nobody does.	f
\.

COPY campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) FROM stdin;
x_ticket	open	closed	answered	f
\.

COPY campaign.recent_counts (tenant_id, campaign_id, at, metric, n) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	2026-11-21 23:20:00+00	failed	1
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	2026-11-21 23:20:00+00	sent	1
\.

COPY campaign.send_limits (tenant_id, channel, per_hour, per_day, per_month, contact_interval, warmup_started_on) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	email	500	5000	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	sms	100	\N	\N	\N	2026-11-22
\.

COPY campaign.send_logs (tenant_id, id, campaign_id, enrollment_id, contact_id, template_id, touch_number, attempt, plan_version, fence, worker_id, is_final, advanced, channel, status, scheduled_at, claimed_at, sent_at, logged_at, address, subject, provider_id, reason, error, metadata) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-67ac-7766-8165-939eb4005a4f	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6780-7b16-8e3e-1ddf041610bd	01a2006d-6731-7e5f-be3c-d7d3ecd6e60e	00000000-0000-8000-8001-000000000002	1	1	1	2176587046030080630	-7026996463852375514	t	t	email	sent	2026-11-20 23:24:59.641761+00	2026-11-21 23:24:59.679657+00	2026-11-21 23:24:59.691463+00	2026-11-21 23:24:59.691463+00	contact1@example.com	Is everything flowing as it should?	provider 1	\N	\N	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-67ae-736e-9203-e59843e3a26a	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6788-7b9e-810a-ba18aa0609c4	01a2006d-6732-7e85-80e4-2b839accd71a	00000000-0000-8000-8001-000000000002	1	1	1	-7361735821219830748	-7026996463852375514	f	f	email	failed	2026-11-20 23:24:59.641761+00	2026-11-21 23:24:59.679657+00	\N	2026-11-21 23:24:59.693657+00	contact2@example.com	Is everything flowing as it should?	\N	\N	mailbox is busy	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-67af-7076-959b-08a56f2d6079	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-678c-723c-a5cd-821646350c3a	01a2006d-6732-7f1b-8310-56f3a70e941b	00000000-0000-8000-8001-000000000002	1	1	1	-8436963844070987104	-7026996463852375514	t	t	email	failed	2026-11-20 23:24:59.641761+00	2026-11-21 23:24:59.679657+00	\N	2026-11-21 23:24:59.694704+00	contact3@example.com	Is everything flowing as it should?	\N	\N	no such mailbox	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-67b7-75e2-b700-1a2b6b3212ba	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6791-7e03-b167-82fa67bfc87b	01a2006d-6732-7f82-b2eb-f32f589e004f	00000000-0000-8000-8001-000000000002	1	1	1	2692452329650016610	-7026996463852375514	t	t	email	failed	2026-11-20 23:24:59.641761+00	2026-11-21 23:24:59.679657+00	\N	2026-11-21 23:24:59.70302+00	contact5@example.com	Is everything flowing as it should?	\N	\N	no such mailbox either	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-67cc-707f-bdf8-02594faedd04	\N	\N	01a2006d-6732-7e85-80e4-2b839accd71a	\N	\N	\N	\N	\N	\N	t	f	email	sent	\N	\N	2026-11-21 23:24:59.723535+00	2026-11-21 23:24:59.723535+00	contact2@example.com	Called back	\N	\N	\N	\N
\.

COPY campaign.send_meters (tenant_id, channel, counted_from, folded_until) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	email	-infinity	-infinity
01a2006d-671c-7d61-9f4e-cc4afc6f398d	sms	-infinity	-infinity
\.

COPY campaign.send_usage (tenant_id, channel, starts_at, id, ends_at, size, used, lease_until) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	email	2026-11-21 23:00:00+00	01a2006d-67a8-7f94-a254-f71e9902a30c	2026-11-22 00:00:00+00	100	8	2026-11-21 23:29:59.689746+00
\.

COPY campaign.send_warmup (tenant_id, channel, day, cap) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	sms	1	20
01a2006d-671c-7d61-9f4e-cc4afc6f398d	sms	2	30
01a2006d-671c-7d61-9f4e-cc4afc6f398d	sms	3	50
01a2006d-671c-7d61-9f4e-cc4afc6f398d	sms	4	75
01a2006d-671c-7d61-9f4e-cc4afc6f398d	sms	5	100
01a2006d-671c-7d61-9f4e-cc4afc6f398d	sms	7	150
01a2006d-671c-7d61-9f4e-cc4afc6f398d	sms	14	300
01a2006d-671c-7d61-9f4e-cc4afc6f398d	sms	30	500
\.

COPY campaign.stop_rules (tenant_id, event, action, reason, scope, seeded, created_at, updated_at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	clicked	stop	owner_stopped	\N	f	2026-11-21 23:24:59.727275+00	2026-11-21 23:24:59.727275+00
\.

COPY campaign.suppressions (tenant_id, address, reason, at, note) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	nobody@example.com	unsubscribe	2026-11-21 23:24:59.57835+00	asked by phone
01a2006d-671c-7d61-9f4e-cc4afc6f398d	hmac-sha256:9099bcd7d7c6f4a3dc0ea5c88cc64e5cd59abd171e506b6ef8712721c2280235	complaint	2026-11-21 23:24:59.754886+00	\N
\.

COPY campaign.tenant_keys (tenant_id, purpose, key_id, secret, created_at, retired_at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	address	1	\\x6ad254612768c5a3a5e07812221959c4d3aa611039f735e2e24cb3b52c702677	2026-11-21 23:24:59.546634+00	\N
01a2006d-6725-73c7-8320-27f34419adf6	address	1	\\xab0393e6301bcb599a704b690f8f3fcb6a48dc1e3617f37d335c59ee4f143acc	2026-11-21 23:24:59.556464+00	\N
01a2006d-6725-73c7-8320-27f34419adf6	link	1	\\x77d6716efaa15a7b507c0bd1012a595964fa6a9727261a8977732a56e38dd0a0	2026-11-21 23:24:59.556464+00	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	link	1	\\xafab4c8589d5d8df71105f601cab10b22504c1d1d08d26e782f51cd89064cb60	2026-11-21 23:24:59.546634+00	2026-11-21 23:24:59.72823+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	link	2	\\xe86ffde7dbb6fae126c14e8de1508b4ead75c1d367338532afbe9f16190488b7	2026-11-21 23:24:59.72823+00	\N
\.

COPY campaign.tenant_members (tenant_id, member, role, created_at) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	regress_dump_ada	owner	2026-11-21 23:24:59.546634+00
01a2006d-6725-73c7-8320-27f34419adf6	regress_dump_bob	owner	2026-11-21 23:24:59.556464+00
01a2006d-671c-7d61-9f4e-cc4afc6f398d	regress_dump_bob	viewer	2026-11-21 23:24:59.561521+00
\.

COPY campaign.touch_count_deltas (tenant_id, campaign_id, id, touch_number, service_type, metric, at, day, n, seconds) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-67b7-78f1-9a67-b10a6c3c8bd1	1	plumbing	failed	2026-11-21 23:20:00+00	2026-11-22	1	0
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-67c6-7fa5-8ddf-5f43ba98b5ba	0	plumbing	stopped.owner_stopped	2026-11-21 23:20:00+00	2026-11-22	1	0
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-67dd-721b-b5c0-79015aca19d3	1	plumbing	machine_opened	2026-11-21 23:20:00+00	2026-11-22	1	0
\.

COPY campaign.touch_counts (tenant_id, campaign_id, touch_number, service_type, metric, n, seconds) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6765-785c-9b97-964c88febe6c	0		enrolled	1	0
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	1	plumbing	failed	1	0
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	1	plumbing	sent	1	0
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	0	plumbing	enrolled	7	0
\.

COPY campaign.touch_events (tenant_id, id, event_id, kind, bounce, link, is_machine, at, recorded_at, enrollment_id, campaign_id, contact_id, touch_number, channel, provider_id, address, unmatched, data) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-67d3-7688-a028-918664306ec8	event 1	opened	\N	\N	t	2026-11-21 23:24:59.730572+00	2026-11-21 23:24:59.730572+00	01a2006d-6780-7b16-8e3e-1ddf041610bd	01a2006d-6749-7e10-a6c3-8dafdca0ecc4	01a2006d-6731-7e5f-be3c-d7d3ecd6e60e	1	email	provider 1	contact1@example.com	f	{"agent": "quotes \\" and \\\\\\\\ "}
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-67df-75b8-96df-94312d922dab	\N	unsubscribed	\N	\N	f	2026-11-21 23:24:59.743205+00	2026-11-21 23:24:59.743205+00	\N	\N	01a2006d-6732-7f1b-8310-56f3a70e941b	\N	sms	\N	+49301233	f	\N
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-67e5-7dff-b85c-e68e376d7a3f	event 2	bounced	hard	\N	f	2026-11-21 23:24:59.749703+00	2026-11-21 23:24:59.749703+00	\N	\N	\N	\N	\N	not logged yet	\N	t	\N
\.

COPY campaign.touch_queue (tenant_id, enrollment_id, due_at, scheduled_at, lease_until, claimed_at, fence, worker_id, lane, touch_number, attempt, attempt_base, resume_touch, flags, rescheduled) FROM stdin;
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6796-7bba-af36-b728ee591e5b	2026-11-20 23:24:59.641761+00	2026-11-20 23:24:59.641761+00	2026-11-21 23:29:59.683324+00	2026-11-21 23:24:59.679657+00	-9195487649170411232	-7026996463852375514	1	1	1	0	0	0	f
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6780-7b16-8e3e-1ddf041610bd	2026-11-23 23:24:59.641761+00	2026-11-23 23:24:59.641761+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6788-7b9e-810a-ba18aa0609c4	2026-11-21 23:26:11.033385+00	2026-11-20 23:24:59.641761+00	-infinity	-infinity	0	0	1	1	1	0	0	0	f
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-678c-723c-a5cd-821646350c3a	2026-11-23 23:24:59.641761+00	2026-11-23 23:24:59.641761+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-678e-7f02-9195-b79c26d3b4c7	2026-11-20 23:24:59.641761+00	2026-11-20 23:24:59.641761+00	2026-11-21 23:29:59.683318+00	2026-11-21 23:24:59.679657+00	-6243963269408395736	-7026996463852375514	1	1	1	0	0	1	f
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-679b-783a-9312-8a7e67376352	2026-11-21 23:24:59.674853+00	2026-11-21 23:24:59.674853+00	2026-11-21 22:29:59.705921+00	2026-11-21 23:24:59.704626+00	9109372519031684594	-7710089125918769488	3	1	1	0	0	1	f
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6791-7e03-b167-82fa67bfc87b	2026-11-21 23:24:59.710034+00	2026-11-20 23:24:59.641761+00	-infinity	-infinity	0	0	1	1	1	1	2	0	t
01a2006d-671c-7d61-9f4e-cc4afc6f398d	01a2006d-6794-7e27-a047-581995c1611e	infinity	2026-11-20 23:24:59.641761+00	2026-11-21 23:29:59.683323+00	2026-11-21 23:24:59.679657+00	2310334659057492665	-7026996463852375514	1	1	1	0	0	2	f
\.

COPY campaign.workers (id, name, first_seen_at, last_seen_at) FROM stdin;
-7026996463852375514	worker 1	2026-11-21 23:24:59.681199+00	2026-11-21 23:24:59.681199+00
-7710089125918769488	worker 2	2026-11-21 23:24:59.704812+00	2026-11-21 23:24:59.704812+00
\.

