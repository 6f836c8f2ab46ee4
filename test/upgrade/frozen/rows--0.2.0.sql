-- The rows of a database that fill.sql of 0.2.0 has filled, as pg_dump writes them.

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
regress_dump_ada	member	2026-11-21 19:25:22.300892+00	postgres
regress_dump_bob	member	2026-11-21 19:25:22.35824+00	postgres
regress_dump_worker	worker	2026-11-21 19:25:22.402931+00	postgres
regress_dump_admin	admin	2026-11-21 19:25:22.411781+00	postgres
\.

COPY campaign.tenants (id, name, slug, timezone, sender_name, review_url, link_base_url, min_gap, seeded, created_at, updated_at, quiet_from, quiet_until, conflict_policy, review_cooldown, parallel_sequences, log_retention) FROM stdin;
01a1ff92-06a1-7af5-aeaf-9fae485c442c	Bob & Sons	bob	America/New_York	\N	\N	\N	01:00:00	f	2026-11-21 19:25:22.465206+00	2026-11-21 19:25:22.465206+00	\N	\N	ask	30 days	f	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	Ada's Plumbing	ada	Europe/Berlin	Ada	https://reviews.example/ada	https://go.example/	01:00:00	f	2026-11-21 19:25:22.450286+00	2026-11-21 19:25:22.482088+00	00:00:00	00:00:00	ask	30 days	f	\N
\.

COPY campaign.blackout_dates (tenant_id, day, name, created_at, updated_at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	2000-12-25	Christmas Day	2026-11-21 19:25:22.512255+00	2026-11-21 19:25:22.512255+00
01a1ff92-0693-77ce-98d2-41208bc81c59	2000-12-26	Boxing\tDay	2026-11-21 19:25:22.512255+00	2026-11-21 19:25:22.512255+00
\.

COPY campaign.campaigns (tenant_id, id, kind, name, description, status, archived_at, external_id, created_by, created_at, updated_at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	outreach	Reviews	Two emails and an SMS over eleven days.	running	\N	\N	regress_dump_ada	2026-11-21 19:25:22.560986+00	2026-11-21 19:25:22.597033+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-075a-75a2-aec6-8369ee59dd9d	outreach	Draft	\N	draft	\N	\N	regress_dump_ada	2026-11-21 19:25:22.650225+00	2026-11-21 19:25:22.650225+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	outreach	Fax	\N	paused	\N	\N	regress_dump_ada	2026-11-21 19:25:22.626108+00	2026-11-21 19:25:22.922411+00
\.

COPY campaign.companies (tenant_id, id, name, domain, tier, industry, region, size, external_id, attributes, created_at, updated_at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bc-7006-9c05-78aacc7620b6	ACME	\N	\N	\N	\N	\N	\N	{"note": "quotes \\" and \\\\ "}	2026-11-21 19:25:22.49182+00	2026-11-21 19:25:22.49182+00
\.

COPY campaign.contacts (tenant_id, id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, archived_at, created_at, updated_at, quiet_from, quiet_until, erased_at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bc-7dd9-bbb6-be5856c741e7	Contact	1	contact1@example.com	+49301231	\N	Asia/Tokyo	\N	01a1ff92-06bc-7006-9c05-78aacc7620b6	\N	\N	\N	\N	\N	f	\N	\N	{"n": 1}	\N	2026-11-21 19:25:22.492388+00	2026-11-21 19:25:22.492388+00	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bd-77f7-8749-0d825ee815ec	Contact	2	contact2@example.com	+49301232	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 2}	\N	2026-11-21 19:25:22.492388+00	2026-11-21 19:25:22.492388+00	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bd-78a2-bd43-34097c3c99ff	Contact	3	contact3@example.com	+49301233	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 3}	\N	2026-11-21 19:25:22.492388+00	2026-11-21 19:25:22.492388+00	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bd-78eb-b48e-64aac8300041	Contact	4	contact4@example.com	+49301234	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 4}	\N	2026-11-21 19:25:22.492388+00	2026-11-21 19:25:22.492388+00	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bd-7921-a09c-d5f1bf8f3b09	Contact	5	contact5@example.com	+49301235	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 5}	\N	2026-11-21 19:25:22.492388+00	2026-11-21 19:25:22.492388+00	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bd-7953-95b4-5a3a4a1a9d53	Contact	6	contact6@example.com	+49301236	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 6}	\N	2026-11-21 19:25:22.492388+00	2026-11-21 19:25:22.492388+00	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bd-7983-9a7a-c0d732f8b81c	Contact	7	contact7@example.com	+49301237	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 7}	\N	2026-11-21 19:25:22.492388+00	2026-11-21 19:25:22.492388+00	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bd-79b3-bef5-0d81502ab388	Contact	8	contact8@example.com	+49301238	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 8}	\N	2026-11-21 19:25:22.492388+00	2026-11-21 19:25:22.492388+00	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bd-79e4-8f0a-65e336e342f9	Contact	9	contact9@example.com	+49301239	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 9}	2026-11-21 19:25:22.530326+00	2026-11-21 19:25:22.492388+00	2026-11-21 19:25:22.530326+00	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-08ae-7e9d-a3de-52f77828bb37	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{}	2026-11-21 19:25:22.996027+00	2026-11-21 19:25:22.990767+00	2026-11-21 19:25:22.996027+00	\N	\N	2026-11-21 19:25:22.996027+00
\.

COPY campaign.service_types (tenant_id, service_type, name, first_touch_delay, seeded, created_at, updated_at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	hvac	Heating and cooling	24:00:00	f	2026-11-21 19:25:22.450286+00	2026-11-21 19:25:22.450286+00
01a1ff92-0693-77ce-98d2-41208bc81c59	plumbing	Plumbing	48:00:00	f	2026-11-21 19:25:22.450286+00	2026-11-21 19:25:22.450286+00
01a1ff92-0693-77ce-98d2-41208bc81c59	electrical	Electrical	24:00:00	f	2026-11-21 19:25:22.450286+00	2026-11-21 19:25:22.450286+00
01a1ff92-0693-77ce-98d2-41208bc81c59	cleaning	Cleaning	04:00:00	f	2026-11-21 19:25:22.450286+00	2026-11-21 19:25:22.450286+00
01a1ff92-0693-77ce-98d2-41208bc81c59	roofing	Roofing	72:00:00	f	2026-11-21 19:25:22.450286+00	2026-11-21 19:25:22.450286+00
01a1ff92-0693-77ce-98d2-41208bc81c59	painting	Painting	48:00:00	f	2026-11-21 19:25:22.450286+00	2026-11-21 19:25:22.450286+00
01a1ff92-0693-77ce-98d2-41208bc81c59	handyman	Handyman	24:00:00	f	2026-11-21 19:25:22.450286+00	2026-11-21 19:25:22.450286+00
01a1ff92-0693-77ce-98d2-41208bc81c59	other	Other	24:00:00	f	2026-11-21 19:25:22.450286+00	2026-11-21 19:25:22.450286+00
01a1ff92-06a1-7af5-aeaf-9fae485c442c	hvac	Heating and cooling	24:00:00	f	2026-11-21 19:25:22.465206+00	2026-11-21 19:25:22.465206+00
01a1ff92-06a1-7af5-aeaf-9fae485c442c	plumbing	Plumbing	48:00:00	f	2026-11-21 19:25:22.465206+00	2026-11-21 19:25:22.465206+00
01a1ff92-06a1-7af5-aeaf-9fae485c442c	electrical	Electrical	24:00:00	f	2026-11-21 19:25:22.465206+00	2026-11-21 19:25:22.465206+00
01a1ff92-06a1-7af5-aeaf-9fae485c442c	cleaning	Cleaning	04:00:00	f	2026-11-21 19:25:22.465206+00	2026-11-21 19:25:22.465206+00
01a1ff92-06a1-7af5-aeaf-9fae485c442c	roofing	Roofing	72:00:00	f	2026-11-21 19:25:22.465206+00	2026-11-21 19:25:22.465206+00
01a1ff92-06a1-7af5-aeaf-9fae485c442c	painting	Painting	48:00:00	f	2026-11-21 19:25:22.465206+00	2026-11-21 19:25:22.465206+00
01a1ff92-06a1-7af5-aeaf-9fae485c442c	handyman	Handyman	24:00:00	f	2026-11-21 19:25:22.465206+00	2026-11-21 19:25:22.465206+00
01a1ff92-06a1-7af5-aeaf-9fae485c442c	other	Other	24:00:00	f	2026-11-21 19:25:22.465206+00	2026-11-21 19:25:22.465206+00
\.

COPY campaign.jobs (tenant_id, id, contact_id, service_type, status, completed_at, campaign_override, external_id, created_at, updated_at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-076f-7162-8c07-a380d425c50f	01a1ff92-06bd-79b3-bef5-0d81502ab388	plumbing	scheduled	\N	\N	job 8	2026-11-21 19:25:22.670103+00	2026-11-21 19:25:22.670103+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-076e-7a0c-8a70-ca4ec908ca2e	01a1ff92-06bc-7dd9-bbb6-be5856c741e7	plumbing	completed	2026-11-19 19:25:22.6781+00	\N	job 1	2026-11-21 19:25:22.670103+00	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-076f-7096-ac32-81c69f3ff8c7	01a1ff92-06bd-77f7-8749-0d825ee815ec	plumbing	completed	2026-11-19 19:25:22.6781+00	\N	job 2	2026-11-21 19:25:22.670103+00	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-076f-70df-91a2-94490375ebcb	01a1ff92-06bd-78a2-bd43-34097c3c99ff	plumbing	completed	2026-11-19 19:25:22.6781+00	\N	job 3	2026-11-21 19:25:22.670103+00	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-076f-7100-aabc-235998155e12	01a1ff92-06bd-78eb-b48e-64aac8300041	plumbing	completed	2026-11-19 19:25:22.6781+00	\N	job 4	2026-11-21 19:25:22.670103+00	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-076f-711b-811f-77b3775788df	01a1ff92-06bd-7921-a09c-d5f1bf8f3b09	plumbing	completed	2026-11-19 19:25:22.6781+00	\N	job 5	2026-11-21 19:25:22.670103+00	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-076f-7133-9090-609e08c33752	01a1ff92-06bd-7953-95b4-5a3a4a1a9d53	plumbing	completed	2026-11-19 19:25:22.6781+00	\N	job 6	2026-11-21 19:25:22.670103+00	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-076f-714b-aa2d-6b27e4005909	01a1ff92-06bd-7983-9a7a-c0d732f8b81c	plumbing	completed	2026-11-19 19:25:22.6781+00	\N	job 7	2026-11-21 19:25:22.670103+00	2026-11-21 19:25:22.6781+00
\.

COPY campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, job_id, plan_version, status, stop_reason, anchor_at, first_scheduled_at, enrolled_at, completed_at, stopped_at, exclusive, base_shift, log_removed_at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0787-7240-91f2-2d4669758a1b	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-06bc-7dd9-bbb6-be5856c741e7	01a1ff92-076e-7a0c-8a70-ca4ec908ca2e	1	active	\N	2026-11-19 19:25:22.6781+00	2026-11-20 19:25:22.6781+00	2026-11-21 19:25:22.6781+00	\N	\N	t	00:00:00	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-079d-7cae-b836-ab0f67fb35e0	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-06bd-77f7-8749-0d825ee815ec	01a1ff92-076f-7096-ac32-81c69f3ff8c7	1	active	\N	2026-11-19 19:25:22.6781+00	2026-11-20 19:25:22.6781+00	2026-11-21 19:25:22.6781+00	\N	\N	t	00:00:00	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07ab-75fc-af79-9273cedef8a0	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-06bd-78a2-bd43-34097c3c99ff	01a1ff92-076f-70df-91a2-94490375ebcb	1	active	\N	2026-11-19 19:25:22.6781+00	2026-11-20 19:25:22.6781+00	2026-11-21 19:25:22.6781+00	\N	\N	t	00:00:00	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07ad-744c-830e-c8318bceb9b8	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-06bd-78eb-b48e-64aac8300041	01a1ff92-076f-7100-aabc-235998155e12	1	active	\N	2026-11-19 19:25:22.6781+00	2026-11-20 19:25:22.6781+00	2026-11-21 19:25:22.6781+00	\N	\N	t	00:00:00	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07ba-701a-af34-15a2e2cdc7ec	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-06bd-7921-a09c-d5f1bf8f3b09	01a1ff92-076f-711b-811f-77b3775788df	1	active	\N	2026-11-19 19:25:22.6781+00	2026-11-20 19:25:22.6781+00	2026-11-21 19:25:22.6781+00	\N	\N	t	00:00:00	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07c4-7a3a-b82e-db008b91e8e9	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-06bd-7983-9a7a-c0d732f8b81c	01a1ff92-076f-714b-aa2d-6b27e4005909	1	active	\N	2026-11-19 19:25:22.6781+00	2026-11-20 19:25:22.6781+00	2026-11-21 19:25:22.6781+00	\N	\N	t	00:00:00	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07d6-7410-b52d-ca46b240b81a	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	01a1ff92-06bd-79b3-bef5-0d81502ab388	\N	1	active	\N	2026-11-21 19:25:22.773753+00	2026-11-21 19:25:22.773753+00	2026-11-21 19:25:22.773753+00	\N	\N	t	00:00:00	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07c3-7676-8713-d14ae8e9766e	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-06bd-7953-95b4-5a3a4a1a9d53	01a1ff92-076f-7133-9090-609e08c33752	1	stopped	owner_stopped	2026-11-19 19:25:22.6781+00	2026-11-20 19:25:22.6781+00	2026-11-21 19:25:22.6781+00	\N	2026-11-21 19:25:22.907493+00	t	00:00:00	\N
\.

COPY campaign.campaign_templates (tenant_id, id, name, description, template_config, default_config, seeded, created_at, updated_at) FROM stdin;
00000000-0000-0000-0000-000000000000	01a1ff92-06a7-76ba-b5ab-6efb35d80cb1	Imported	\N	[{"step": 1, "label": "Imported", "channel": "email", "delay_hours": 1}]	{}	f	2026-11-21 19:25:22.471182+00	2026-11-21 19:25:22.471182+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bb-7a45-b82b-3c683c032a36	Fax only	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a1ff92-06ba-7895-b66d-5456ffb77abe"}]	{}	f	2026-11-21 19:25:22.491506+00	2026-11-21 19:25:22.491506+00
\.

COPY campaign.channels (channel, name, has_subject, has_body, body_limit, address_kind, consent, uncertain_policy, uncertain_wait, seeded, quiet_from, quiet_until, hourly_limit, contact_interval) FROM stdin;
x_fax	Fax	f	t	500	phone	not_opted_out	operator	\N	f	21:00:00	08:00:00	\N	01:00:00
\.

COPY campaign.message_templates (tenant_id, id, channel, service_type, name, subject, body, body_html, is_default, archived_at, copied_from, seeded, created_at, updated_at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06ba-7895-b66d-5456ffb77abe	x_fax	\N	Fax	\N	Dear {{contact.first_name}},\n\tthank you.\n\\.	\N	f	\N	\N	f	2026-11-21 19:25:22.490107+00	2026-11-21 19:25:22.490107+00
\.

COPY campaign.outreach_campaigns (tenant_id, campaign_id, audience, service_type, template_config, plan_version, max_attempts, is_matching, owner_member, language, created_at, updated_at, resume_policy) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	jobs	\N	[{"step": 1, "label": "Review request", "channel": "email", "delay_hours": 24, "use_service_delay": false}, {"step": 2, "label": "Reminder", "channel": "email", "delay_hours": 72}, {"step": 3, "label": "Last reminder", "channel": "sms", "delay_hours": 168}]	1	4	t	regress_dump_ada	\N	2026-11-21 19:25:22.560986+00	2026-11-21 19:25:22.597033+00	keep
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	contacts	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a1ff92-06ba-7895-b66d-5456ffb77abe"}]	1	4	t	regress_dump_ada	\N	2026-11-21 19:25:22.626108+00	2026-11-21 19:25:22.642104+00	keep
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-075a-75a2-aec6-8369ee59dd9d	contacts	\N	[{"step": 1, "label": "Hello again", "channel": "email", "delay_hours": 2}]	2	4	f	regress_dump_ada	\N	2026-11-21 19:25:22.650225+00	2026-11-21 19:25:22.657984+00	keep
\.

COPY campaign.campaign_touches (tenant_id, campaign_id, plan_version, touch_number, step, channel, label, delay, use_service_delay, condition, on_failure, max_lateness, late, template_id, subject, body, body_html, needs_pdf, variant_count, attachments, config) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	1	1	1	email	Review request	24:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	1	2	2	email	Reminder	72:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	1	3	3	sms	Last reminder	168:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	1	1	1	x_fax	Fax	00:00:00	f	always	advance	\N	\N	01a1ff92-06ba-7895-b66d-5456ffb77abe	\N	\N	\N	f	1	{}	{}
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-075a-75a2-aec6-8369ee59dd9d	1	1	1	email	Hello	01:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-075a-75a2-aec6-8369ee59dd9d	2	1	1	email	Hello again	02:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
\.

COPY campaign.consents (tenant_id, contact_id, channel, state, at, source, method) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bc-7dd9-bbb6-be5856c741e7	sms	opted_in	2026-11-21 19:25:22.512977+00	form	checkbox
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-06bd-78a2-bd43-34097c3c99ff	sms	opted_out	2026-11-21 19:25:22.962619+00	event	unsubscribed
\.

COPY campaign.count_folds (tenant_id, folded_at) FROM stdin;
01a1ff92-06a1-7af5-aeaf-9fae485c442c	-infinity
01a1ff92-0693-77ce-98d2-41208bc81c59	2026-11-21 19:25:22.875128+00
\.

COPY campaign.daily_counts (tenant_id, campaign_id, day, metric, n) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	2026-11-21	enrolled	1
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	2026-11-21	sent	1
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	2026-11-21	failed	1
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	2026-11-21	enrolled	7
\.

COPY campaign.enrollment_conflicts (tenant_id, id, contact_id, campaign_id, job_id, live_enrollment_id, at, anchor_at, policy, resolve_after, resolution, reason, resolved_at, resolved_by, enrollment_id) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07d3-7ac3-a774-e9080f962c48	01a1ff92-06bc-7dd9-bbb6-be5856c741e7	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	\N	01a1ff92-0787-7240-91f2-2d4669758a1b	2026-11-21 19:25:22.77037+00	\N	ask	2026-11-22 19:25:22.77037+00	\N	\N	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07db-74f4-8264-cb9964235049	01a1ff92-06bd-77f7-8749-0d825ee815ec	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	\N	01a1ff92-079d-7cae-b836-ab0f67fb35e0	2026-11-21 19:25:22.778795+00	\N	ask	2026-11-22 19:25:22.778795+00	skipped	\N	2026-11-21 19:25:22.783456+00	regress_dump_ada	\N
\.

COPY campaign.job_enrollments (tenant_id, id, job_id, campaign_id, enrollment_id, outcome, reason, at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-079c-7508-91c6-0881b3838f52	01a1ff92-076e-7a0c-8a70-ca4ec908ca2e	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-0787-7240-91f2-2d4669758a1b	enrolled	\N	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07aa-7564-8390-42509ff26547	01a1ff92-076f-7096-ac32-81c69f3ff8c7	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-079d-7cae-b836-ab0f67fb35e0	enrolled	\N	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07ac-75ef-a03a-07e079475caf	01a1ff92-076f-70df-91a2-94490375ebcb	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-07ab-75fc-af79-9273cedef8a0	enrolled	\N	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07b8-7ec3-9467-fd4c8c724ed6	01a1ff92-076f-7100-aabc-235998155e12	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-07ad-744c-830e-c8318bceb9b8	enrolled	\N	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07c2-769c-a9ec-cc5424f218d9	01a1ff92-076f-711b-811f-77b3775788df	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-07ba-701a-af34-15a2e2cdc7ec	enrolled	\N	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07c4-75d5-b80e-76b85cfca24c	01a1ff92-076f-7133-9090-609e08c33752	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-07c3-7676-8713-d14ae8e9766e	enrolled	\N	2026-11-21 19:25:22.6781+00
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07c4-7e00-bbda-04c11b9ff6d6	01a1ff92-076f-714b-aa2d-6b27e4005909	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-07c4-7a3a-b82e-db008b91e8e9	enrolled	\N	2026-11-21 19:25:22.6781+00
\.

COPY campaign.lanes (tenant_id, lane, campaign_id, channel, paused, throttled_until, paused_at, resumed_at, resume_policy, spread, shift) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	1	01a1ff92-0701-7a02-a093-17e6e4f526f0	email	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a1ff92-0693-77ce-98d2-41208bc81c59	2	01a1ff92-0701-7a02-a093-17e6e4f526f0	sms	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a1ff92-0693-77ce-98d2-41208bc81c59	4	01a1ff92-075a-75a2-aec6-8369ee59dd9d	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a1ff92-0693-77ce-98d2-41208bc81c59	3	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	x_fax	t	-infinity	2026-11-21 19:25:22.922411+00	-infinity	keep	01:00:00	00:00:00
\.

COPY campaign.life_cycle_log (tenant_id, id, machine, relation, entity_id, at, from_state, to_state, actor, reason) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0726-78ad-9ccb-082795ab7447	outreach	campaign.campaigns	01a1ff92-0701-7a02-a093-17e6e4f526f0	2026-11-21 19:25:22.598573+00	draft	ready	regress_dump_ada	launch
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0727-7c6c-bd64-d635c1092749	outreach	campaign.campaigns	01a1ff92-0701-7a02-a093-17e6e4f526f0	2026-11-21 19:25:22.599791+00	ready	running	regress_dump_ada	launch
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0752-7c3e-9a98-5926ad8c8d5d	outreach	campaign.campaigns	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	2026-11-21 19:25:22.642797+00	draft	ready	regress_dump_ada	launch
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0753-748a-8e6c-46b33ec06949	outreach	campaign.campaigns	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	2026-11-21 19:25:22.643288+00	ready	running	regress_dump_ada	launch
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-086b-7101-999b-735cf858aec2	outreach	campaign.campaigns	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	2026-11-21 19:25:22.923089+00	running	paused	regress_dump_ada	holidays
\.

COPY campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) FROM stdin;
x_ticket	open	0	t	f	Somebody waits.	f
x_ticket	closed	0	f	t	Nobody does.	f
\.

COPY campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) FROM stdin;
x_ticket	open	closed	answered	f
\.

COPY campaign.recent_counts (tenant_id, campaign_id, at, metric, n) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	2026-11-21 19:25:00+00	failed	1
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	2026-11-21 19:25:00+00	sent	1
\.

COPY campaign.send_limits (tenant_id, channel, per_hour, per_day, per_month, contact_interval, warmup_started_on) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	email	500	5000	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	sms	100	\N	\N	\N	2026-11-21
\.

COPY campaign.send_logs (tenant_id, id, campaign_id, enrollment_id, contact_id, template_id, touch_number, attempt, plan_version, fence, worker_id, is_final, advanced, channel, status, scheduled_at, claimed_at, sent_at, logged_at, address, subject, provider_id, reason, error, metadata) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0823-7332-afa8-5effcedc7992	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-0787-7240-91f2-2d4669758a1b	01a1ff92-06bc-7dd9-bbb6-be5856c741e7	00000000-0000-8000-8001-000000000002	1	1	1	7044757063441823357	-7026996463852375514	t	t	email	sent	2026-11-20 19:25:22.6781+00	2026-11-21 19:25:22.784821+00	2026-11-21 19:25:22.829218+00	2026-11-21 19:25:22.829218+00	contact1@example.com	Is everything flowing as it should?	provider 1	\N	\N	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-082b-7592-b9d2-26cf742eed14	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-079d-7cae-b836-ab0f67fb35e0	01a1ff92-06bd-77f7-8749-0d825ee815ec	00000000-0000-8000-8001-000000000002	1	1	1	7269728596016668451	-7026996463852375514	f	f	email	failed	2026-11-20 19:25:22.6781+00	2026-11-21 19:25:22.784821+00	\N	2026-11-21 19:25:22.858518+00	contact2@example.com	Is everything flowing as it should?	\N	\N	mailbox is busy	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-082c-7726-b28e-bd1707d09454	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-07ab-75fc-af79-9273cedef8a0	01a1ff92-06bd-78a2-bd43-34097c3c99ff	00000000-0000-8000-8001-000000000002	1	1	1	7828516710611343327	-7026996463852375514	t	t	email	failed	2026-11-20 19:25:22.6781+00	2026-11-21 19:25:22.784821+00	\N	2026-11-21 19:25:22.859879+00	contact3@example.com	Is everything flowing as it should?	\N	\N	no such mailbox	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0847-7306-b614-82d24f50a06e	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-07ba-701a-af34-15a2e2cdc7ec	01a1ff92-06bd-7921-a09c-d5f1bf8f3b09	00000000-0000-8000-8001-000000000002	1	1	1	-759665971785880836	-7026996463852375514	t	t	email	failed	2026-11-20 19:25:22.6781+00	2026-11-21 19:25:22.784821+00	\N	2026-11-21 19:25:22.886362+00	contact5@example.com	Is everything flowing as it should?	\N	\N	no such mailbox either	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-086b-7e12-97d5-8edeb8de6816	\N	\N	01a1ff92-06bd-77f7-8749-0d825ee815ec	\N	\N	\N	\N	\N	\N	t	f	email	sent	\N	\N	2026-11-21 19:25:22.923657+00	2026-11-21 19:25:22.923657+00	contact2@example.com	Called back	\N	\N	\N	\N
\.

COPY campaign.send_meters (tenant_id, channel, counted_from, folded_until) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	email	-infinity	-infinity
01a1ff92-0693-77ce-98d2-41208bc81c59	sms	-infinity	-infinity
\.

COPY campaign.send_usage (tenant_id, channel, starts_at, id, ends_at, size, used, lease_until) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	email	2026-11-21 19:00:00+00	01a1ff92-07ff-7946-89e1-1a7e09515c88	2026-11-21 20:00:00+00	100	8	2026-11-21 19:30:22.817304+00
\.

COPY campaign.send_warmup (tenant_id, channel, day, cap) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	sms	1	20
01a1ff92-0693-77ce-98d2-41208bc81c59	sms	2	30
01a1ff92-0693-77ce-98d2-41208bc81c59	sms	3	50
01a1ff92-0693-77ce-98d2-41208bc81c59	sms	4	75
01a1ff92-0693-77ce-98d2-41208bc81c59	sms	5	100
01a1ff92-0693-77ce-98d2-41208bc81c59	sms	7	150
01a1ff92-0693-77ce-98d2-41208bc81c59	sms	14	300
01a1ff92-0693-77ce-98d2-41208bc81c59	sms	30	500
\.

COPY campaign.stop_rules (tenant_id, event, action, reason, scope, seeded, created_at, updated_at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	clicked	stop	owner_stopped	\N	f	2026-11-21 19:25:22.930089+00	2026-11-21 19:25:22.930089+00
\.

COPY campaign.suppressions (tenant_id, address, reason, at, note) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	nobody@example.com	unsubscribe	2026-11-21 19:25:22.525352+00	asked by phone
01a1ff92-0693-77ce-98d2-41208bc81c59	hmac-sha256:926fe7b107718672243d26bcede7d2f4d63bd8b921f716752be54659afade2b6	complaint	2026-11-21 19:25:22.991888+00	\N
\.

COPY campaign.tenant_keys (tenant_id, purpose, key_id, secret, created_at, retired_at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	address	1	\\xdd650522ea558341253ffbaf465025dbcb4b4bf91ff0feec24eec8fe6d805e1e	2026-11-21 19:25:22.450286+00	\N
01a1ff92-06a1-7af5-aeaf-9fae485c442c	address	1	\\x1773346444971b7f305752837da8466b9af0fca274c3b43151314efc70ed11a0	2026-11-21 19:25:22.465206+00	\N
01a1ff92-06a1-7af5-aeaf-9fae485c442c	link	1	\\xdaf22ca09090988a94ec0095bdd37feba685c743065e2d68aa2881feecce8caa	2026-11-21 19:25:22.465206+00	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	link	1	\\x2ac931c443f4ed466324f41ad0c56b8e0f8d990eebfd8de21bf677588642875c	2026-11-21 19:25:22.450286+00	2026-11-21 19:25:22.935857+00
01a1ff92-0693-77ce-98d2-41208bc81c59	link	2	\\xf3205dbe38c2774c17c14dcdf5089325791c61753fa97f52f65aac28db788c94	2026-11-21 19:25:22.935857+00	\N
\.

COPY campaign.tenant_members (tenant_id, member, role, created_at) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	regress_dump_ada	owner	2026-11-21 19:25:22.450286+00
01a1ff92-06a1-7af5-aeaf-9fae485c442c	regress_dump_bob	owner	2026-11-21 19:25:22.465206+00
01a1ff92-0693-77ce-98d2-41208bc81c59	regress_dump_bob	viewer	2026-11-21 19:25:22.476645+00
\.

COPY campaign.touch_count_deltas (tenant_id, campaign_id, id, touch_number, service_type, metric, at, day, n, seconds) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-0847-76eb-b510-b4f902ac35c1	1	plumbing	failed	2026-11-21 19:25:00+00	2026-11-21	1	0
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-085d-76e5-9b83-f3ed13b405d1	0	plumbing	stopped.owner_stopped	2026-11-21 19:25:00+00	2026-11-21	1	0
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-088f-733f-8d4e-8912c3873dad	1	plumbing	machine_opened	2026-11-21 19:25:00+00	2026-11-21	1	0
\.

COPY campaign.touch_counts (tenant_id, campaign_id, touch_number, service_type, metric, n, seconds) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	1	plumbing	sent	1	0
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	0	plumbing	enrolled	7	0
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0701-7a02-a093-17e6e4f526f0	1	plumbing	failed	1	0
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0742-75a3-9aa0-3252ab29e5fc	0		enrolled	1	0
\.

COPY campaign.touch_events (tenant_id, id, event_id, kind, bounce, link, is_machine, at, recorded_at, enrollment_id, campaign_id, contact_id, touch_number, channel, provider_id, address, unmatched, data) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0879-7e15-84c4-f228d866c00b	event 1	opened	\N	\N	t	2026-11-21 19:25:22.937438+00	2026-11-21 19:25:22.937438+00	01a1ff92-0787-7240-91f2-2d4669758a1b	01a1ff92-0701-7a02-a093-17e6e4f526f0	01a1ff92-06bc-7dd9-bbb6-be5856c741e7	1	email	provider 1	contact1@example.com	f	{"agent": "quotes \\" and \\\\\\\\ "}
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0892-7b92-af0a-829b745925ef	\N	unsubscribed	\N	\N	f	2026-11-21 19:25:22.962619+00	2026-11-21 19:25:22.962619+00	\N	\N	01a1ff92-06bd-78a2-bd43-34097c3c99ff	\N	sms	\N	+49301233	f	\N
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-08a6-73d8-901f-33931f6d7d57	event 2	bounced	hard	\N	f	2026-11-21 19:25:22.982104+00	2026-11-21 19:25:22.982104+00	\N	\N	\N	\N	\N	not logged yet	\N	t	\N
\.

COPY campaign.touch_queue (tenant_id, enrollment_id, due_at, scheduled_at, lease_until, claimed_at, fence, worker_id, lane, touch_number, attempt, attempt_base, resume_touch, flags, rescheduled) FROM stdin;
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07c4-7a3a-b82e-db008b91e8e9	2026-11-20 19:25:22.6781+00	2026-11-20 19:25:22.6781+00	2026-11-21 19:30:22.817306+00	2026-11-21 19:25:22.784821+00	-1327330654482386335	-7026996463852375514	1	1	1	0	0	0	f
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-0787-7240-91f2-2d4669758a1b	2026-11-23 19:25:22.6781+00	2026-11-23 19:25:22.6781+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-079d-7cae-b836-ab0f67fb35e0	2026-11-21 19:26:26.14724+00	2026-11-20 19:25:22.6781+00	-infinity	-infinity	0	0	1	1	1	0	0	0	f
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07ab-75fc-af79-9273cedef8a0	2026-11-23 19:25:22.6781+00	2026-11-23 19:25:22.6781+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07ad-744c-830e-c8318bceb9b8	2026-11-20 19:25:22.6781+00	2026-11-20 19:25:22.6781+00	2026-11-21 19:30:22.81674+00	2026-11-21 19:25:22.784821+00	-7812429900410790120	-7026996463852375514	1	1	1	0	0	1	f
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07d6-7410-b52d-ca46b240b81a	2026-11-21 19:25:22.773753+00	2026-11-21 19:25:22.773753+00	2026-11-21 18:30:22.899998+00	2026-11-21 19:25:22.89827+00	9099355692872148030	-7710089125918769488	3	1	1	0	0	1	f
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07ba-701a-af34-15a2e2cdc7ec	2026-11-21 19:25:22.902307+00	2026-11-20 19:25:22.6781+00	-infinity	-infinity	0	0	1	1	1	1	2	0	t
01a1ff92-0693-77ce-98d2-41208bc81c59	01a1ff92-07c3-7676-8713-d14ae8e9766e	infinity	2026-11-20 19:25:22.6781+00	2026-11-21 19:30:22.817146+00	2026-11-21 19:25:22.784821+00	-3016820161167006155	-7026996463852375514	1	1	1	0	0	2	f
\.

COPY campaign.workers (id, name, first_seen_at, last_seen_at) FROM stdin;
-7026996463852375514	worker 1	2026-11-21 19:25:22.79037+00	2026-11-21 19:25:22.79037+00
-7710089125918769488	worker 2	2026-11-21 19:25:22.898391+00	2026-11-21 19:25:22.898391+00
\.

