-- The rows of a database that fill.sql of 0.4.0 has filled, as pg_dump writes them.

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
regress_dump_ada	member	2026-11-22 02:41:22.758478+00	postgres
regress_dump_bob	member	2026-11-22 02:41:22.814117+00	postgres
regress_dump_worker	worker	2026-11-22 02:41:22.851485+00	postgres
regress_dump_admin	admin	2026-11-22 02:41:22.854241+00	postgres
\.

COPY campaign.tenants (id, name, slug, timezone, sender_name, review_url, link_base_url, min_gap, seeded, created_at, updated_at, quiet_from, quiet_until, conflict_policy, review_cooldown, parallel_sequences, log_retention, overlap_policy) FROM stdin;
01a20121-33b7-736c-8e52-a5f945a1a3ad	Bob & Sons	bob	America/New_York	\N	\N	\N	01:00:00	f	2026-11-22 02:41:22.870017+00	2026-11-22 02:41:22.870017+00	\N	\N	ask	30 days	f	\N	warn
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	Ada's Plumbing	ada	Europe/Berlin	Ada	https://reviews.example/ada	https://go.example/	01:00:00	f	2026-11-22 02:41:22.862932+00	2026-11-22 02:41:23.268445+00	00:00:00	00:00:00	ask	30 days	f	\N	block
\.

COPY campaign.blackout_dates (tenant_id, day, name, created_at, updated_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	2000-12-25	Christmas Day	2026-11-22 02:41:22.883107+00	2026-11-22 02:41:22.883107+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	2000-12-26	Boxing\tDay	2026-11-22 02:41:22.883107+00	2026-11-22 02:41:22.883107+00
\.

COPY campaign.campaigns (tenant_id, id, kind, name, description, status, archived_at, external_id, created_by, created_at, updated_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	outreach	Reviews	Two emails and an SMS over eleven days.	running	\N	\N	regress_dump_ada	2026-11-22 02:41:22.902271+00	2026-11-22 02:41:22.917687+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-340f-7faa-9ce5-b9d56776608e	outreach	Draft	\N	draft	\N	\N	regress_dump_ada	2026-11-22 02:41:22.959798+00	2026-11-22 02:41:22.959798+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-341d-70c7-bf26-90a22d456f77	outreach	Draft (Copy)	\N	draft	\N	\N	regress_dump_ada	2026-11-22 02:41:22.971602+00	2026-11-22 02:41:22.971602+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33fc-743d-8152-7fb304420b90	outreach	Fax	\N	paused	\N	\N	regress_dump_ada	2026-11-22 02:41:22.939875+00	2026-11-22 02:41:23.102116+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34c9-766b-b35d-ddbf3709c9de	outreach	Assigned	\N	generating	\N	\N	regress_dump_ada	2026-11-22 02:41:23.145233+00	2026-11-22 02:41:23.231536+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3532-7874-afb6-f47d2922927c	outreach	Later	\N	draft	\N	\N	regress_dump_ada	2026-11-22 02:41:23.250371+00	2026-11-22 02:41:23.250371+00
\.

COPY campaign.companies (tenant_id, id, name, domain, tier, industry, region, size, external_id, attributes, created_at, updated_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33bf-7c39-8d76-c74d3dad9087	ACME	\N	\N	\N	\N	\N	\N	{"note": "quotes \\" and \\\\ "}	2026-11-22 02:41:22.879507+00	2026-11-22 02:41:22.879507+00
\.

COPY campaign.contacts (tenant_id, id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, archived_at, created_at, updated_at, quiet_from, quiet_until, erased_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c1-7355-8298-7cbe73047015	Contact	1	contact1@example.com	+49301231	\N	Asia/Tokyo	\N	01a20121-33bf-7c39-8d76-c74d3dad9087	\N	\N	\N	\N	\N	f	\N	\N	{"n": 1}	\N	2026-11-22 02:41:22.880396+00	2026-11-22 02:41:22.880396+00	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-70c0-96cb-623eba98ee66	Contact	2	contact2@example.com	+49301232	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 2}	\N	2026-11-22 02:41:22.880396+00	2026-11-22 02:41:22.880396+00	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-71e3-970f-a5bbd0c36132	Contact	3	contact3@example.com	+49301233	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 3}	\N	2026-11-22 02:41:22.880396+00	2026-11-22 02:41:22.880396+00	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-7232-a7ad-cbf3f7af0059	Contact	4	contact4@example.com	+49301234	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 4}	\N	2026-11-22 02:41:22.880396+00	2026-11-22 02:41:22.880396+00	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-726d-8c25-0179a6ff8b66	Contact	5	contact5@example.com	+49301235	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 5}	\N	2026-11-22 02:41:22.880396+00	2026-11-22 02:41:22.880396+00	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-72a3-ac8c-161a6a9b2985	Contact	6	contact6@example.com	+49301236	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 6}	\N	2026-11-22 02:41:22.880396+00	2026-11-22 02:41:22.880396+00	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-72cd-a36b-27333840de94	Contact	7	contact7@example.com	+49301237	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 7}	\N	2026-11-22 02:41:22.880396+00	2026-11-22 02:41:22.880396+00	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-72f3-9f5b-8f2df6c23ef8	Contact	8	contact8@example.com	+49301238	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 8}	\N	2026-11-22 02:41:22.880396+00	2026-11-22 02:41:22.880396+00	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-7319-91de-d9da2633a713	Contact	9	contact9@example.com	+49301239	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 9}	2026-11-22 02:41:22.8921+00	2026-11-22 02:41:22.880396+00	2026-11-22 02:41:22.8921+00	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3547-75a2-8f62-0a2d2832a5a9	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{}	2026-11-22 02:41:23.278122+00	2026-11-22 02:41:23.270854+00	2026-11-22 02:41:23.278122+00	\N	\N	2026-11-22 02:41:23.278122+00
\.

COPY campaign.service_types (tenant_id, service_type, name, first_touch_delay, seeded, created_at, updated_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	hvac	Heating and cooling	24:00:00	f	2026-11-22 02:41:22.862932+00	2026-11-22 02:41:22.862932+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	plumbing	Plumbing	48:00:00	f	2026-11-22 02:41:22.862932+00	2026-11-22 02:41:22.862932+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	electrical	Electrical	24:00:00	f	2026-11-22 02:41:22.862932+00	2026-11-22 02:41:22.862932+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	cleaning	Cleaning	04:00:00	f	2026-11-22 02:41:22.862932+00	2026-11-22 02:41:22.862932+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	roofing	Roofing	72:00:00	f	2026-11-22 02:41:22.862932+00	2026-11-22 02:41:22.862932+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	painting	Painting	48:00:00	f	2026-11-22 02:41:22.862932+00	2026-11-22 02:41:22.862932+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	handyman	Handyman	24:00:00	f	2026-11-22 02:41:22.862932+00	2026-11-22 02:41:22.862932+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	other	Other	24:00:00	f	2026-11-22 02:41:22.862932+00	2026-11-22 02:41:22.862932+00
01a20121-33b7-736c-8e52-a5f945a1a3ad	hvac	Heating and cooling	24:00:00	f	2026-11-22 02:41:22.870017+00	2026-11-22 02:41:22.870017+00
01a20121-33b7-736c-8e52-a5f945a1a3ad	plumbing	Plumbing	48:00:00	f	2026-11-22 02:41:22.870017+00	2026-11-22 02:41:22.870017+00
01a20121-33b7-736c-8e52-a5f945a1a3ad	electrical	Electrical	24:00:00	f	2026-11-22 02:41:22.870017+00	2026-11-22 02:41:22.870017+00
01a20121-33b7-736c-8e52-a5f945a1a3ad	cleaning	Cleaning	04:00:00	f	2026-11-22 02:41:22.870017+00	2026-11-22 02:41:22.870017+00
01a20121-33b7-736c-8e52-a5f945a1a3ad	roofing	Roofing	72:00:00	f	2026-11-22 02:41:22.870017+00	2026-11-22 02:41:22.870017+00
01a20121-33b7-736c-8e52-a5f945a1a3ad	painting	Painting	48:00:00	f	2026-11-22 02:41:22.870017+00	2026-11-22 02:41:22.870017+00
01a20121-33b7-736c-8e52-a5f945a1a3ad	handyman	Handyman	24:00:00	f	2026-11-22 02:41:22.870017+00	2026-11-22 02:41:22.870017+00
01a20121-33b7-736c-8e52-a5f945a1a3ad	other	Other	24:00:00	f	2026-11-22 02:41:22.870017+00	2026-11-22 02:41:22.870017+00
\.

COPY campaign.outreach_campaigns (tenant_id, campaign_id, audience, service_type, template_config, plan_version, max_attempts, is_matching, owner_member, language, created_at, updated_at, resume_policy, generation_config, sender_config, scheduled_launch_at, launch_error, launch_outcome, exported_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	jobs	\N	[{"step": 1, "label": "Review request", "channel": "email", "delay_hours": 24, "use_service_delay": false}, {"step": 2, "label": "Reminder", "channel": "email", "delay_hours": 72}, {"step": 3, "label": "Last reminder", "channel": "sms", "delay_hours": 168}]	1	4	t	regress_dump_ada	\N	2026-11-22 02:41:22.902271+00	2026-11-22 02:41:22.917687+00	keep	{"tone": "professional", "language": "en"}	{}	\N	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33fc-743d-8152-7fb304420b90	contacts	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a20121-33bc-7f48-abed-de0f1ed58ba4"}]	1	4	t	regress_dump_ada	\N	2026-11-22 02:41:22.939875+00	2026-11-22 02:41:22.948603+00	keep	{}	{}	\N	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-340f-7faa-9ce5-b9d56776608e	contacts	\N	[{"step": 1, "label": "Hello again", "channel": "email", "delay_hours": 2}]	2	4	f	regress_dump_ada	\N	2026-11-22 02:41:22.959798+00	2026-11-22 02:41:22.97012+00	keep	{"tone": "friendly", "proof_points": ["quotes \\" and \\\\ "]}	{"from_email": "ada@example.com", "active_hours": {"end": "17:30", "start": "09:00"}}	\N	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-341d-70c7-bf26-90a22d456f77	contacts	\N	[{"step": 1, "label": "Hello again", "channel": "email", "delay_hours": 2}]	1	4	f	regress_dump_ada	\N	2026-11-22 02:41:22.971602+00	2026-11-22 02:41:22.971602+00	keep	{"tone": "friendly", "proof_points": ["quotes \\" and \\\\ "]}	{"from_email": "ada@example.com", "active_hours": {"end": "17:30", "start": "09:00"}}	\N	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34c9-766b-b35d-ddbf3709c9de	assigned	\N	[{"step": 1, "label": "Hello", "channel": "email", "delay_hours": 1}]	1	4	f	regress_dump_ada	\N	2026-11-22 02:41:23.145233+00	2026-11-22 02:41:23.145233+00	keep	{}	{}	\N	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3532-7874-afb6-f47d2922927c	contacts	\N	[{"channel": "email", "subject": "Hello", "body_text": "Hello"}]	1	4	f	regress_dump_ada	\N	2026-11-22 02:41:23.250371+00	2026-11-22 02:41:23.2591+00	keep	{}	{}	2099-01-01 00:00:00+00	\N	\N	\N
\.

COPY campaign.campaign_contacts (tenant_id, campaign_id, contact_id, status, enrichment_gaps, error, added_at, generated_at, excluded_at, excluded_reason) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c2-7232-a7ad-cbf3f7af0059	excluded	{}	\N	2026-11-22 02:41:23.149923+00	\N	2026-11-22 02:41:23.162678+00	asked\tfor it
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c1-7355-8298-7cbe73047015	generated	{}	\N	2026-11-22 02:41:23.149923+00	2026-11-22 02:41:23.196082+00	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c2-71e3-970f-a5bbd0c36132	failed	{company:l1,contact:person}	no answer\t\\	2026-11-22 02:41:23.149923+00	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c2-70c0-96cb-623eba98ee66	generating	{company:l1,contact:person}	\N	2026-11-22 02:41:23.149923+00	\N	\N	\N
\.

COPY campaign.jobs (tenant_id, id, contact_id, service_type, status, completed_at, campaign_override, external_id, created_at, updated_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-342b-77b6-8187-78af34e0dd3a	01a20121-33c2-72f3-9f5b-8f2df6c23ef8	plumbing	scheduled	\N	\N	job 8	2026-11-22 02:41:22.986329+00	2026-11-22 02:41:22.986329+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-342a-7e02-8b09-f73b5de8f04f	01a20121-33c1-7355-8298-7cbe73047015	plumbing	completed	2026-11-20 02:41:22.988636+00	\N	job 1	2026-11-22 02:41:22.986329+00	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-342b-76c5-b25f-d472c2e26484	01a20121-33c2-70c0-96cb-623eba98ee66	plumbing	completed	2026-11-20 02:41:22.988636+00	\N	job 2	2026-11-22 02:41:22.986329+00	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-342b-770c-aa5c-912a830a4465	01a20121-33c2-71e3-970f-a5bbd0c36132	plumbing	completed	2026-11-20 02:41:22.988636+00	\N	job 3	2026-11-22 02:41:22.986329+00	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-342b-772d-bf02-b33b5045e733	01a20121-33c2-7232-a7ad-cbf3f7af0059	plumbing	completed	2026-11-20 02:41:22.988636+00	\N	job 4	2026-11-22 02:41:22.986329+00	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-342b-7751-978b-06927f6198bf	01a20121-33c2-726d-8c25-0179a6ff8b66	plumbing	completed	2026-11-20 02:41:22.988636+00	\N	job 5	2026-11-22 02:41:22.986329+00	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-342b-7774-a19c-d21df2ce4cdf	01a20121-33c2-72a3-ac8c-161a6a9b2985	plumbing	completed	2026-11-20 02:41:22.988636+00	\N	job 6	2026-11-22 02:41:22.986329+00	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-342b-7796-a34f-2d13dcc82ed9	01a20121-33c2-72cd-a36b-27333840de94	plumbing	completed	2026-11-20 02:41:22.988636+00	\N	job 7	2026-11-22 02:41:22.986329+00	2026-11-22 02:41:22.988636+00
\.

COPY campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, job_id, plan_version, status, stop_reason, anchor_at, first_scheduled_at, enrolled_at, completed_at, stopped_at, exclusive, base_shift, log_removed_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3433-769d-a579-2b030644de1d	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-33c1-7355-8298-7cbe73047015	01a20121-342a-7e02-8b09-f73b5de8f04f	1	active	\N	2026-11-20 02:41:22.988636+00	2026-11-21 02:41:22.988636+00	2026-11-22 02:41:22.988636+00	\N	\N	t	00:00:00	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-343a-7bf5-8b3d-85f6dc5ee113	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-33c2-70c0-96cb-623eba98ee66	01a20121-342b-76c5-b25f-d472c2e26484	1	active	\N	2026-11-20 02:41:22.988636+00	2026-11-21 02:41:22.988636+00	2026-11-22 02:41:22.988636+00	\N	\N	t	00:00:00	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-343f-7895-85db-e8c040d3a820	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-33c2-71e3-970f-a5bbd0c36132	01a20121-342b-770c-aa5c-912a830a4465	1	active	\N	2026-11-20 02:41:22.988636+00	2026-11-21 02:41:22.988636+00	2026-11-22 02:41:22.988636+00	\N	\N	t	00:00:00	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3443-74dc-813b-be5cbfa7c3b8	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-33c2-7232-a7ad-cbf3f7af0059	01a20121-342b-772d-bf02-b33b5045e733	1	active	\N	2026-11-20 02:41:22.988636+00	2026-11-21 02:41:22.988636+00	2026-11-22 02:41:22.988636+00	\N	\N	t	00:00:00	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3446-7676-8317-dda96c9c5973	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-33c2-726d-8c25-0179a6ff8b66	01a20121-342b-7751-978b-06927f6198bf	1	active	\N	2026-11-20 02:41:22.988636+00	2026-11-21 02:41:22.988636+00	2026-11-22 02:41:22.988636+00	\N	\N	t	00:00:00	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3451-749c-bf80-0a0f17c6670a	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-33c2-72cd-a36b-27333840de94	01a20121-342b-7796-a34f-2d13dcc82ed9	1	active	\N	2026-11-20 02:41:22.988636+00	2026-11-21 02:41:22.988636+00	2026-11-22 02:41:22.988636+00	\N	\N	t	00:00:00	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3456-7b20-a5ac-fd97f39799e5	01a20121-33fc-743d-8152-7fb304420b90	01a20121-33c2-72f3-9f5b-8f2df6c23ef8	\N	1	active	\N	2026-11-22 02:41:23.029811+00	2026-11-22 02:41:23.029811+00	2026-11-22 02:41:23.029811+00	\N	\N	t	00:00:00	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-344c-7fb2-a897-d0c400e23b3f	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-33c2-72a3-ac8c-161a6a9b2985	01a20121-342b-7774-a19c-d21df2ce4cdf	1	stopped	owner_stopped	2026-11-20 02:41:22.988636+00	2026-11-21 02:41:22.988636+00	2026-11-22 02:41:22.988636+00	\N	2026-11-22 02:41:23.095347+00	t	00:00:00	\N
\.

COPY campaign.campaign_templates (tenant_id, id, name, description, template_config, default_config, seeded, created_at, updated_at, version, copied_from, copied_version) FROM stdin;
00000000-0000-0000-0000-000000000000	01a20121-33b9-7adb-96d5-de1b7e0fa6b0	Imported	\N	[{"step": 1, "label": "Imported", "channel": "email", "delay_hours": 1}]	{}	f	2026-11-22 02:41:22.873202+00	2026-11-22 02:41:22.873202+00	1	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33bf-7385-bb6f-de5aee87f669	Fax only	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a20121-33bc-7f48-abed-de0f1ed58ba4"}]	{}	f	2026-11-22 02:41:22.878956+00	2026-11-22 02:41:22.878956+00	1	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3425-785b-86d7-77507d488ab2	LinkedIn + Email Sequence	Ours	[{"step": 1, "label": "Invitation", "channel": "linkedin_connect", "day_offset": 0}, {"step": 2, "label": "First email", "channel": "email", "day_offset": 3}, {"step": 3, "label": "Second email", "channel": "email", "day_offset": 4}, {"step": 4, "label": "Message with document", "channel": "linkedin_message", "needs_pdf": true, "day_offset": 3}, {"step": 5, "label": "Third email", "channel": "email", "enabled": false, "day_offset": 5}]	{"tone": "professional", "language": "en"}	f	2026-11-22 02:41:22.981043+00	2026-11-22 02:41:22.985491+00	2	00000000-0000-8000-8003-000000000004	1
\.

COPY campaign.channels (channel, name, has_subject, has_body, body_limit, address_kind, consent, uncertain_policy, uncertain_wait, seeded, quiet_from, quiet_until, hourly_limit, contact_interval) FROM stdin;
x_fax	Fax	f	t	500	phone	not_opted_out	operator	\N	f	21:00:00	08:00:00	\N	01:00:00
\.

COPY campaign.message_templates (tenant_id, id, channel, service_type, name, subject, body, body_html, is_default, archived_at, copied_from, seeded, created_at, updated_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33bc-7f48-abed-de0f1ed58ba4	x_fax	\N	Fax	\N	Dear {{contact.first_name}},\n\tthank you.\n\\.	\N	f	\N	\N	f	2026-11-22 02:41:22.876605+00	2026-11-22 02:41:22.876605+00
\.

COPY campaign.campaign_touches (tenant_id, campaign_id, plan_version, touch_number, step, channel, label, delay, use_service_delay, condition, on_failure, max_lateness, late, template_id, subject, body, body_html, needs_pdf, variant_count, attachments, config) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	1	1	1	email	Review request	24:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	1	2	2	email	Reminder	72:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	1	3	3	sms	Last reminder	168:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33fc-743d-8152-7fb304420b90	1	1	1	x_fax	Fax	00:00:00	f	always	advance	\N	\N	01a20121-33bc-7f48-abed-de0f1ed58ba4	\N	\N	\N	f	1	{}	{}
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-340f-7faa-9ce5-b9d56776608e	1	1	1	email	Hello	01:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-340f-7faa-9ce5-b9d56776608e	2	1	1	email	Hello again	02:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-341d-70c7-bf26-90a22d456f77	1	1	1	email	Hello again	02:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34c9-766b-b35d-ddbf3709c9de	1	1	1	email	Hello	01:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3532-7874-afb6-f47d2922927c	1	1	1	email	Email	00:00:00	f	always	advance	\N	\N	\N	Hello	Hello	\N	f	1	{}	{}
\.

COPY campaign.consents (tenant_id, contact_id, channel, state, at, source, method) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c1-7355-8298-7cbe73047015	sms	opted_in	2026-11-22 02:41:22.88396+00	form	checkbox
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-71e3-970f-a5bbd0c36132	sms	opted_out	2026-11-22 02:41:23.126711+00	event	unsubscribed
\.

COPY campaign.contact_cooldowns (tenant_id, channel, cooldown, created_at, updated_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	x_fax	10 days	2026-11-22 02:41:23.140585+00	2026-11-22 02:41:23.140585+00
\.

COPY campaign.contact_tags (tenant_id, contact_id, tag, at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c1-7355-8298-7cbe73047015	batch 7	2026-11-22 02:41:23.136644+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-70c0-96cb-623eba98ee66	batch 7	2026-11-22 02:41:23.136644+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-71e3-970f-a5bbd0c36132	batch 7	2026-11-22 02:41:23.136644+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-7232-a7ad-cbf3f7af0059	batch 7	2026-11-22 02:41:23.136644+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c1-7355-8298-7cbe73047015	quotes " and \\"	2026-11-22 02:41:23.136644+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-70c0-96cb-623eba98ee66	quotes " and \\"	2026-11-22 02:41:23.136644+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-71e3-970f-a5bbd0c36132	quotes " and \\"	2026-11-22 02:41:23.136644+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33c2-7232-a7ad-cbf3f7af0059	quotes " and \\"	2026-11-22 02:41:23.136644+00
\.

COPY campaign.count_folds (tenant_id, folded_at) FROM stdin;
01a20121-33b7-736c-8e52-a5f945a1a3ad	-infinity
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	2026-11-22 02:41:23.070308+00
\.

COPY campaign.daily_counts (tenant_id, campaign_id, day, metric, n) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	2026-11-22	enrolled	7
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	2026-11-22	failed	1
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	2026-11-22	sent	1
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33fc-743d-8152-7fb304420b90	2026-11-22	enrolled	1
\.

COPY campaign.enrollment_conflicts (tenant_id, id, contact_id, campaign_id, job_id, live_enrollment_id, at, anchor_at, policy, resolve_after, resolution, reason, resolved_at, resolved_by, enrollment_id) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3454-72b7-a68f-0901407560ad	01a20121-33c1-7355-8298-7cbe73047015	01a20121-33fc-743d-8152-7fb304420b90	\N	01a20121-3433-769d-a579-2b030644de1d	2026-11-22 02:41:23.026141+00	\N	ask	2026-11-23 02:41:23.026141+00	\N	\N	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3458-7557-aa89-b8b1ffdc48f0	01a20121-33c2-70c0-96cb-623eba98ee66	01a20121-33fc-743d-8152-7fb304420b90	\N	01a20121-343a-7bf5-8b3d-85f6dc5ee113	2026-11-22 02:41:23.031406+00	\N	ask	2026-11-23 02:41:23.031406+00	skipped	\N	2026-11-22 02:41:23.033137+00	regress_dump_ada	\N
\.

COPY campaign.entity_stages (tenant_id, entity_kind, entity_id, stage, status, at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	contact	01a20121-33c1-7355-8298-7cbe73047015	person	completed	2026-11-22 02:41:23.141397+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	company	01a20121-33bf-7c39-8d76-c74d3dad9087	l1	completed	2026-11-22 02:41:23.141397+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	contact	01a20121-33c2-70c0-96cb-623eba98ee66	person	failed	2026-11-22 02:41:23.141397+00
\.

COPY campaign.generation_budgets (tenant_id, mode, amount_usd, period, message_price_usd, created_at, updated_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	soft	10.000000	month	0.001440	2026-11-22 02:41:23.173705+00	2026-11-22 02:41:23.173705+00
\.

COPY campaign.generation_costs (tenant_id, id, campaign_id, contact_id, job_id, fence, touch_number, variant, model, tokens_in, tokens_out, usd, at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34ff-79ed-b439-642d5d131c8f	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c1-7355-8298-7cbe73047015	01a20121-34ed-76e9-9829-6a761318d8ec	-3456924893850979374	\N	\N	m	800	200	0.001440	2026-11-22 02:41:23.196082+00
\.

COPY campaign.generation_jobs (tenant_id, id, campaign_id, status, plan_version, include_unready, regenerate, price_usd, reserved_usd, started_by, started_at, ended_at, end_reason) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34ed-76e9-9829-6a761318d8ec	01a20121-34c9-766b-b35d-ddbf3709c9de	finished	1	t	f	0.001440	0.004320	regress_dump_ada	2026-11-22 02:41:23.176685+00	2026-11-22 02:41:23.207169+00	finished: 1 generated, 2 failed, 0 excluded
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3521-7be7-bbe4-2329eb6f1760	01a20121-34c9-766b-b35d-ddbf3709c9de	running	1	f	f	0.001440	0.002880	regress_dump_ada	2026-11-22 02:41:23.231536+00	\N	\N
\.

COPY campaign.generation_items (tenant_id, job_id, contact_id, campaign_id, reserved_usd, lease_until, fence, worker, attempts, outcome, error, ended_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34ed-76e9-9829-6a761318d8ec	01a20121-33c1-7355-8298-7cbe73047015	01a20121-34c9-766b-b35d-ddbf3709c9de	0.001440	-infinity	-3456924893850979374	w	1	generated	\N	2026-11-22 02:41:23.196082+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34ed-76e9-9829-6a761318d8ec	01a20121-33c2-70c0-96cb-623eba98ee66	01a20121-34c9-766b-b35d-ddbf3709c9de	0.001440	-infinity	-3591325215692951246	w	1	failed	no answer\t\\	2026-11-22 02:41:23.207169+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34ed-76e9-9829-6a761318d8ec	01a20121-33c2-71e3-970f-a5bbd0c36132	01a20121-34c9-766b-b35d-ddbf3709c9de	0.001440	-infinity	-4370765003515278251	w	1	failed	no answer\t\\	2026-11-22 02:41:23.207169+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3521-7be7-bbe4-2329eb6f1760	01a20121-33c2-71e3-970f-a5bbd0c36132	01a20121-34c9-766b-b35d-ddbf3709c9de	0.001440	-infinity	0	\N	0	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3521-7be7-bbe4-2329eb6f1760	01a20121-33c2-70c0-96cb-623eba98ee66	01a20121-34c9-766b-b35d-ddbf3709c9de	0.001440	2026-11-22 02:51:23.242383+00	3975751699617778292	w	1	\N	\N	\N
\.

COPY campaign.job_enrollments (tenant_id, id, job_id, campaign_id, enrollment_id, outcome, reason, at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3438-75b9-af02-7fb6795b6dd5	01a20121-342a-7e02-8b09-f73b5de8f04f	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-3433-769d-a579-2b030644de1d	enrolled	\N	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-343c-71c9-9766-ac177b79d2c1	01a20121-342b-76c5-b25f-d472c2e26484	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-343a-7bf5-8b3d-85f6dc5ee113	enrolled	\N	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3440-7863-a3ba-e6b6750af5f7	01a20121-342b-770c-aa5c-912a830a4465	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-343f-7895-85db-e8c040d3a820	enrolled	\N	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3444-7bf5-a634-e6516d0ff117	01a20121-342b-772d-bf02-b33b5045e733	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-3443-74dc-813b-be5cbfa7c3b8	enrolled	\N	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-344b-738b-8438-1abdc03b4587	01a20121-342b-7751-978b-06927f6198bf	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-3446-7676-8317-dda96c9c5973	enrolled	\N	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-344e-7073-8d5f-51793ce1e9dd	01a20121-342b-7774-a19c-d21df2ce4cdf	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-344c-7fb2-a897-d0c400e23b3f	enrolled	\N	2026-11-22 02:41:22.988636+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3451-7ba1-9ff9-5b33f5092a89	01a20121-342b-7796-a34f-2d13dcc82ed9	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-3451-749c-bf80-0a0f17c6670a	enrolled	\N	2026-11-22 02:41:22.988636+00
\.

COPY campaign.lanes (tenant_id, lane, campaign_id, channel, paused, throttled_until, paused_at, resumed_at, resume_policy, spread, shift) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	1	01a20121-33d7-72c2-9f47-9778bd707ed7	email	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	2	01a20121-33d7-72c2-9f47-9778bd707ed7	sms	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	4	01a20121-340f-7faa-9ce5-b9d56776608e	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	5	01a20121-341d-70c7-bf26-90a22d456f77	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	3	01a20121-33fc-743d-8152-7fb304420b90	x_fax	t	-infinity	2026-11-22 02:41:23.102116+00	-infinity	keep	01:00:00	00:00:00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	6	01a20121-34c9-766b-b35d-ddbf3709c9de	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	7	01a20121-3532-7874-afb6-f47d2922927c	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
\.

COPY campaign.life_cycle_log (tenant_id, id, machine, relation, entity_id, at, from_state, to_state, actor, reason) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33ec-7043-8960-33dec86e32ca	outreach	campaign.campaigns	01a20121-33d7-72c2-9f47-9778bd707ed7	2026-11-22 02:41:22.924017+00	draft	ready	regress_dump_ada	launch
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33ee-7d41-9be2-f7224b5f9ce1	outreach	campaign.campaigns	01a20121-33d7-72c2-9f47-9778bd707ed7	2026-11-22 02:41:22.926829+00	ready	running	regress_dump_ada	launch
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3406-7fcc-b9e3-3a295d35d445	outreach	campaign.campaigns	01a20121-33fc-743d-8152-7fb304420b90	2026-11-22 02:41:22.950988+00	draft	ready	regress_dump_ada	launch
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3407-7d09-83fb-0b2dc78c5fd2	outreach	campaign.campaigns	01a20121-33fc-743d-8152-7fb304420b90	2026-11-22 02:41:22.951815+00	ready	running	regress_dump_ada	launch
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-349f-71b7-a9e4-1c36a08c7341	outreach	campaign.campaigns	01a20121-33fc-743d-8152-7fb304420b90	2026-11-22 02:41:23.103108+00	running	paused	regress_dump_ada	holidays
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34e7-74ea-86ae-8d2f3ca56184	outreach	campaign.campaigns	01a20121-34c9-766b-b35d-ddbf3709c9de	2026-11-22 02:41:23.175307+00	draft	ready	regress_dump_ada	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34f3-74f1-bb91-a2537dddcb29	outreach	campaign.campaigns	01a20121-34c9-766b-b35d-ddbf3709c9de	2026-11-22 02:41:23.187309+00	ready	generating	regress_dump_ada	generation for 3 contacts
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3510-74c1-9138-c4136863b8ce	generation	campaign.generation_jobs	01a20121-34ed-76e9-9829-6a761318d8ec	2026-11-22 02:41:23.216298+00	running	finished	postgres	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3510-79d4-ab6b-a62426210309	outreach	campaign.campaigns	01a20121-34c9-766b-b35d-ddbf3709c9de	2026-11-22 02:41:23.216614+00	generating	review	postgres	finished: 1 generated, 2 failed, 0 excluded
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3521-729b-ba5c-c36407cb9c40	outreach	campaign.campaigns	01a20121-34c9-766b-b35d-ddbf3709c9de	2026-11-22 02:41:23.233163+00	review	ready	regress_dump_ada	failed contacts are tried again
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3528-77b9-9f57-2b7987e695cc	outreach	campaign.campaigns	01a20121-34c9-766b-b35d-ddbf3709c9de	2026-11-22 02:41:23.240483+00	ready	generating	regress_dump_ada	generation for 2 contacts
\.

COPY campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) FROM stdin;
x_ticket	open	0	t	f	Somebody waits.	f
x_ticket	closed	0	f	t	Nobody does.	f
\.

COPY campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) FROM stdin;
x_ticket	open	closed	answered	f
\.

COPY campaign.messages (tenant_id, id, campaign_id, contact_id, touch_number, variant, plan_version, version, channel, subject, body, body_html, status, review_notes, approved_by, approved_at, sent_at, created_at, changed_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3502-7bbd-a40f-4b867ed6bfbf	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c1-7355-8298-7cbe73047015	1	a	1	2	email	Hello	quotes " and\ttabs	\N	rejected	too long	\N	\N	\N	2026-11-22 02:41:23.196082+00	2026-11-22 02:41:23.221307+00
\.

COPY campaign.message_feedback (tenant_id, id, message_id, version, action, reason, note, member, at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3514-7631-826d-fe997925e15b	01a20121-3502-7bbd-a40f-4b867ed6bfbf	1	edited	too_long	\N	regress_dump_ada	2026-11-22 02:41:23.217381+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-351b-7d90-8562-4087a4235775	01a20121-3502-7bbd-a40f-4b867ed6bfbf	2	rejected	too long	\N	regress_dump_ada	2026-11-22 02:41:23.221307+00
\.

COPY campaign.message_versions (tenant_id, message_id, version, origin, subject, body, body_html, reason, note, author, at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3502-7bbd-a40f-4b867ed6bfbf	1	generated	Hello	Quotes " and \\\\ 	\N	\N	\N	postgres	2026-11-22 02:41:23.196082+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3502-7bbd-a40f-4b867ed6bfbf	2	edited	Hello	quotes " and\ttabs	\N	too_long	\N	regress_dump_ada	2026-11-22 02:41:23.217381+00
\.

COPY campaign.overlap_log (tenant_id, id, campaign_id, contact_id, kind, other_campaign_id, channel, severity, outcome, at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34d7-7f81-9d6b-f39b4d838965	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c1-7355-8298-7cbe73047015	campaign	01a20121-33d7-72c2-9f47-9778bd707ed7	\N	high	warned	2026-11-22 02:41:23.149923+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34d7-7f82-9ccd-70fc2835fbf6	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c2-70c0-96cb-623eba98ee66	campaign	01a20121-33d7-72c2-9f47-9778bd707ed7	\N	high	warned	2026-11-22 02:41:23.149923+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34d7-7f83-af72-98167fe4fcec	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c2-71e3-970f-a5bbd0c36132	campaign	01a20121-33d7-72c2-9f47-9778bd707ed7	\N	high	warned	2026-11-22 02:41:23.149923+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34d7-7f84-8f7c-d3d15e016fe1	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c2-7232-a7ad-cbf3f7af0059	campaign	01a20121-33d7-72c2-9f47-9778bd707ed7	\N	high	warned	2026-11-22 02:41:23.149923+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34d9-70e1-bd19-0ba0e872fe1b	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c1-7355-8298-7cbe73047015	cooldown	01a20121-33d7-72c2-9f47-9778bd707ed7	email	medium	warned	2026-11-22 02:41:23.149923+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34d9-72dd-80e1-30b066d28ed5	01a20121-34c9-766b-b35d-ddbf3709c9de	01a20121-33c2-70c0-96cb-623eba98ee66	cooldown	\N	email	medium	warned	2026-11-22 02:41:23.149923+00
\.

COPY campaign.readiness_stages (tenant_id, entity_kind, stage, required, seeded, created_at, updated_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	contact	person	t	f	2026-11-22 02:41:23.139472+00	2026-11-22 02:41:23.139472+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	company	l1	t	f	2026-11-22 02:41:23.139472+00	2026-11-22 02:41:23.139472+00
\.

COPY campaign.recent_counts (tenant_id, campaign_id, at, metric, n) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	2026-11-22 02:40:00+00	failed	1
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	2026-11-22 02:40:00+00	sent	1
\.

COPY campaign.send_limits (tenant_id, channel, per_hour, per_day, per_month, contact_interval, warmup_started_on) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	email	500	5000	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	sms	100	\N	\N	\N	2026-11-22
\.

COPY campaign.send_logs (tenant_id, id, campaign_id, enrollment_id, contact_id, template_id, touch_number, attempt, plan_version, fence, worker_id, is_final, advanced, channel, status, scheduled_at, claimed_at, sent_at, logged_at, address, subject, provider_id, reason, error, metadata) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3473-76c9-8fd1-a454e50b3eb7	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-3433-769d-a579-2b030644de1d	01a20121-33c1-7355-8298-7cbe73047015	00000000-0000-8000-8001-000000000002	1	1	1	-3663464606003036093	-7026996463852375514	t	t	email	sent	2026-11-21 02:41:22.988636+00	2026-11-22 02:41:23.035955+00	2026-11-22 02:41:23.058148+00	2026-11-22 02:41:23.058148+00	contact1@example.com	Is everything flowing as it should?	provider 1	\N	\N	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3474-7c3f-9969-6d47bcdc1fc9	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-343a-7bf5-8b3d-85f6dc5ee113	01a20121-33c2-70c0-96cb-623eba98ee66	00000000-0000-8000-8001-000000000002	1	1	1	4694673780324938423	-7026996463852375514	f	f	email	failed	2026-11-21 02:41:22.988636+00	2026-11-22 02:41:23.035955+00	\N	2026-11-22 02:41:23.060415+00	contact2@example.com	Is everything flowing as it should?	\N	\N	mailbox is busy	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-347a-7b62-a5a6-e4013d8acf7d	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-343f-7895-85db-e8c040d3a820	01a20121-33c2-71e3-970f-a5bbd0c36132	00000000-0000-8000-8001-000000000002	1	1	1	7776541245386873287	-7026996463852375514	t	t	email	failed	2026-11-21 02:41:22.988636+00	2026-11-22 02:41:23.035955+00	\N	2026-11-22 02:41:23.066141+00	contact3@example.com	Is everything flowing as it should?	\N	\N	no such mailbox	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3488-75c3-9d0b-6e76f714f9e4	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-3446-7676-8317-dda96c9c5973	01a20121-33c2-726d-8c25-0179a6ff8b66	00000000-0000-8000-8001-000000000002	1	1	1	-3115225684507682578	-7026996463852375514	t	t	email	failed	2026-11-21 02:41:22.988636+00	2026-11-22 02:41:23.035955+00	\N	2026-11-22 02:41:23.079895+00	contact5@example.com	Is everything flowing as it should?	\N	\N	no such mailbox either	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34a2-79f9-af76-21a2102bec17	\N	\N	01a20121-33c2-70c0-96cb-623eba98ee66	\N	\N	\N	\N	\N	\N	t	f	email	sent	\N	\N	2026-11-22 02:41:23.106132+00	2026-11-22 02:41:23.106132+00	contact2@example.com	Called back	\N	\N	\N	\N
\.

COPY campaign.send_meters (tenant_id, channel, counted_from, folded_until) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	email	-infinity	-infinity
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	sms	-infinity	-infinity
\.

COPY campaign.send_usage (tenant_id, channel, starts_at, id, ends_at, size, used, lease_until) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	email	2026-11-22 02:00:00+00	01a20121-3469-7021-b7ea-8b0902106a00	2026-11-22 03:00:00+00	100	8	2026-11-22 02:46:23.049786+00
\.

COPY campaign.send_warmup (tenant_id, channel, day, cap) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	sms	1	20
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	sms	2	30
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	sms	3	50
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	sms	4	75
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	sms	5	100
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	sms	7	150
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	sms	14	300
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	sms	30	500
\.

COPY campaign.stop_rules (tenant_id, event, action, reason, scope, seeded, created_at, updated_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	clicked	stop	owner_stopped	\N	f	2026-11-22 02:41:23.113432+00	2026-11-22 02:41:23.113432+00
\.

COPY campaign.suppressions (tenant_id, address, reason, at, note) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	nobody@example.com	unsubscribe	2026-11-22 02:41:22.888242+00	asked by phone
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	hmac-sha256:9fee24fed0b039babc88f5a987d2addd303f9c5cc540723747b7a115521ddf09	complaint	2026-11-22 02:41:23.274114+00	\N
\.

COPY campaign.tenant_keys (tenant_id, purpose, key_id, secret, created_at, retired_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	address	1	\\xda14c61ed0997ecec32ec3cd5fd16c3de36b22b0852fb0f6ba8c3b05863c7051	2026-11-22 02:41:22.862932+00	\N
01a20121-33b7-736c-8e52-a5f945a1a3ad	address	1	\\x31acb3256fcc2f92390084f3207477f8709d7d3943fb5ede4d46a0f5ce8b151d	2026-11-22 02:41:22.870017+00	\N
01a20121-33b7-736c-8e52-a5f945a1a3ad	link	1	\\x090b2aa4e64b71dce37cc4d1c161b9b1ecd3fbd577929fcb26b2b0883f9ff272	2026-11-22 02:41:22.870017+00	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	link	1	\\x0e0fd0772c57ec819f40a800516d7a0212dd849c6ba78875a532ddd4e17f8723	2026-11-22 02:41:22.862932+00	2026-11-22 02:41:23.114503+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	link	2	\\xb22c35f3e05e1dd24d158950932525a04184fd09a423a46a40e6c424f7ecfce9	2026-11-22 02:41:23.114503+00	\N
\.

COPY campaign.tenant_members (tenant_id, member, role, created_at) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	regress_dump_ada	owner	2026-11-22 02:41:22.862932+00
01a20121-33b7-736c-8e52-a5f945a1a3ad	regress_dump_bob	owner	2026-11-22 02:41:22.870017+00
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	regress_dump_bob	viewer	2026-11-22 02:41:22.87425+00
\.

COPY campaign.touch_count_deltas (tenant_id, campaign_id, id, touch_number, service_type, metric, at, day, n, seconds) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-3488-7840-be8c-dc6af0cc606f	1	plumbing	failed	2026-11-22 02:40:00+00	2026-11-22	1	0
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-349a-7be2-9546-6503b9e16415	0	plumbing	stopped.owner_stopped	2026-11-22 02:40:00+00	2026-11-22	1	0
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-34b5-70a8-a749-237d1ebe44ee	1	plumbing	machine_opened	2026-11-22 02:40:00+00	2026-11-22	1	0
\.

COPY campaign.touch_counts (tenant_id, campaign_id, touch_number, service_type, metric, n, seconds) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	1	plumbing	sent	1	0
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33fc-743d-8152-7fb304420b90	0		enrolled	1	0
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	0	plumbing	enrolled	7	0
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-33d7-72c2-9f47-9778bd707ed7	1	plumbing	failed	1	0
\.

COPY campaign.touch_events (tenant_id, id, event_id, kind, bounce, link, is_machine, at, recorded_at, enrollment_id, campaign_id, contact_id, touch_number, channel, provider_id, address, unmatched, data) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34ad-75df-8ecd-ce3cb1994ae8	event 1	opened	\N	\N	t	2026-11-22 02:41:23.116621+00	2026-11-22 02:41:23.116621+00	01a20121-3433-769d-a579-2b030644de1d	01a20121-33d7-72c2-9f47-9778bd707ed7	01a20121-33c1-7355-8298-7cbe73047015	1	email	provider 1	contact1@example.com	f	{"agent": "quotes \\" and \\\\\\\\ "}
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34b6-7d2e-8a76-98ed1d637f81	\N	unsubscribed	\N	\N	f	2026-11-22 02:41:23.126711+00	2026-11-22 02:41:23.126711+00	\N	\N	01a20121-33c2-71e3-970f-a5bbd0c36132	\N	sms	\N	+49301233	f	\N
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-34bc-7b78-afe3-b57580a4ce28	event 2	bounced	hard	\N	f	2026-11-22 02:41:23.132591+00	2026-11-22 02:41:23.132591+00	\N	\N	\N	\N	\N	not logged yet	\N	t	\N
\.

COPY campaign.touch_queue (tenant_id, enrollment_id, due_at, scheduled_at, lease_until, claimed_at, fence, worker_id, lane, touch_number, attempt, attempt_base, resume_touch, flags, rescheduled) FROM stdin;
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3451-749c-bf80-0a0f17c6670a	2026-11-21 02:41:22.988636+00	2026-11-21 02:41:22.988636+00	2026-11-22 02:46:23.040036+00	2026-11-22 02:41:23.035955+00	-1450802784652720252	-7026996463852375514	1	1	1	0	0	0	f
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3433-769d-a579-2b030644de1d	2026-11-24 02:41:22.988636+00	2026-11-24 02:41:22.988636+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-343a-7bf5-8b3d-85f6dc5ee113	2026-11-22 02:42:26.107069+00	2026-11-21 02:41:22.988636+00	-infinity	-infinity	0	0	1	1	1	0	0	0	f
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-343f-7895-85db-e8c040d3a820	2026-11-24 02:41:22.988636+00	2026-11-24 02:41:22.988636+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3443-74dc-813b-be5cbfa7c3b8	2026-11-21 02:41:22.988636+00	2026-11-21 02:41:22.988636+00	2026-11-22 02:46:23.040028+00	2026-11-22 02:41:23.035955+00	-5028339833407626630	-7026996463852375514	1	1	1	0	0	1	f
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3456-7b20-a5ac-fd97f39799e5	2026-11-22 02:41:23.029811+00	2026-11-22 02:41:23.029811+00	2026-11-22 01:46:23.087498+00	2026-11-22 02:41:23.086546+00	-7677636015934697248	-7710089125918769488	3	1	1	0	0	1	f
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-3446-7676-8317-dda96c9c5973	2026-11-22 02:41:23.092147+00	2026-11-21 02:41:22.988636+00	-infinity	-infinity	0	0	1	1	1	1	2	0	t
01a20121-33b0-7aaf-9f5d-c1502a6b59b7	01a20121-344c-7fb2-a897-d0c400e23b3f	infinity	2026-11-21 02:41:22.988636+00	2026-11-22 02:46:23.040034+00	2026-11-22 02:41:23.035955+00	7604398905300803465	-7026996463852375514	1	1	1	0	0	2	f
\.

COPY campaign.workers (id, name, first_seen_at, last_seen_at) FROM stdin;
-7026996463852375514	worker 1	2026-11-22 02:41:23.038111+00	2026-11-22 02:41:23.038111+00
-7710089125918769488	worker 2	2026-11-22 02:41:23.086746+00	2026-11-22 02:41:23.086746+00
\.

