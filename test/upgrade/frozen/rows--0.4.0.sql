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
regress_dump_ada	member	2026-11-22 05:38:45.318588+00	postgres
regress_dump_bob	member	2026-11-22 05:38:45.342583+00	postgres
regress_dump_worker	worker	2026-11-22 05:38:45.360677+00	postgres
regress_dump_admin	admin	2026-11-22 05:38:45.364104+00	postgres
\.

COPY campaign.tenants (id, name, slug, timezone, sender_name, review_url, link_base_url, min_gap, seeded, created_at, updated_at, quiet_from, quiet_until, conflict_policy, review_cooldown, parallel_sequences, log_retention, overlap_policy) FROM stdin;
01a201c3-9806-7253-a9c0-be1765f9f6bb	Bob & Sons	bob	America/New_York	\N	\N	\N	01:00:00	f	2026-11-22 05:38:45.381339+00	2026-11-22 05:38:45.381339+00	\N	\N	ask	30 days	f	\N	warn
01a201c3-97ff-77ed-87b7-6b0d21d58bea	Ada's Plumbing	ada	Europe/Berlin	Ada	https://reviews.example/ada	https://go.example/	01:00:00	f	2026-11-22 05:38:45.373618+00	2026-11-22 05:38:45.713225+00	00:00:00	00:00:00	ask	30 days	f	\N	block
\.

COPY campaign.blackout_dates (tenant_id, day, name, created_at, updated_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	2000-12-25	Christmas Day	2026-11-22 05:38:45.397285+00	2026-11-22 05:38:45.397285+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	2000-12-26	Boxing\tDay	2026-11-22 05:38:45.397285+00	2026-11-22 05:38:45.397285+00
\.

COPY campaign.campaigns (tenant_id, id, kind, name, description, status, archived_at, external_id, created_by, created_at, updated_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	outreach	Reviews	Two emails and an SMS over eleven days.	running	\N	\N	regress_dump_ada	2026-11-22 05:38:45.416832+00	2026-11-22 05:38:45.431854+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9866-75c3-874f-7595d0c02a56	outreach	Draft	\N	draft	\N	\N	regress_dump_ada	2026-11-22 05:38:45.478155+00	2026-11-22 05:38:45.478155+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9870-786d-b925-3da5834fb7cf	outreach	Draft (Copy)	\N	draft	\N	\N	regress_dump_ada	2026-11-22 05:38:45.487072+00	2026-11-22 05:38:45.487072+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9854-7f24-a4fc-cdffb06662cf	outreach	Fax	\N	paused	\N	\N	regress_dump_ada	2026-11-22 05:38:45.460638+00	2026-11-22 05:38:45.575551+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98ec-7afc-a70c-f648b096387a	outreach	Assigned	\N	generating	\N	\N	regress_dump_ada	2026-11-22 05:38:45.61257+00	2026-11-22 05:38:45.695933+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9949-72c6-b2d7-d87626b00344	outreach	Later	\N	draft	\N	\N	regress_dump_ada	2026-11-22 05:38:45.705065+00	2026-11-22 05:38:45.705065+00
\.

COPY campaign.companies (tenant_id, id, name, domain, tier, industry, region, size, external_id, attributes, created_at, updated_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9811-74b1-b219-b64f0d045519	ACME	\N	\N	\N	\N	\N	\N	{"note": "quotes \\" and \\\\ "}	2026-11-22 05:38:45.392969+00	2026-11-22 05:38:45.392969+00
\.

COPY campaign.contacts (tenant_id, id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, archived_at, created_at, updated_at, quiet_from, quiet_until, erased_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9812-7de5-9ce2-f1dab92fb827	Contact	1	contact1@example.com	+49301231	\N	Asia/Tokyo	\N	01a201c3-9811-74b1-b219-b64f0d045519	\N	\N	\N	\N	\N	f	\N	\N	{"n": 1}	\N	2026-11-22 05:38:45.393989+00	2026-11-22 05:38:45.393989+00	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7b4e-a87c-58e12e57da1c	Contact	2	contact2@example.com	+49301232	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 2}	\N	2026-11-22 05:38:45.393989+00	2026-11-22 05:38:45.393989+00	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	Contact	3	contact3@example.com	+49301233	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 3}	\N	2026-11-22 05:38:45.393989+00	2026-11-22 05:38:45.393989+00	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7c5c-ac12-0e27be5f876b	Contact	4	contact4@example.com	+49301234	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 4}	\N	2026-11-22 05:38:45.393989+00	2026-11-22 05:38:45.393989+00	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7c93-ba25-3fd8258cdbc8	Contact	5	contact5@example.com	+49301235	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 5}	\N	2026-11-22 05:38:45.393989+00	2026-11-22 05:38:45.393989+00	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7ccc-8582-65d0b5b6a885	Contact	6	contact6@example.com	+49301236	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 6}	\N	2026-11-22 05:38:45.393989+00	2026-11-22 05:38:45.393989+00	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7d07-8b01-5a1b4bf57907	Contact	7	contact7@example.com	+49301237	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 7}	\N	2026-11-22 05:38:45.393989+00	2026-11-22 05:38:45.393989+00	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7d3e-b5fd-59f29a2eab84	Contact	8	contact8@example.com	+49301238	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 8}	\N	2026-11-22 05:38:45.393989+00	2026-11-22 05:38:45.393989+00	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7d7e-9580-2a9eae3df58d	Contact	9	contact9@example.com	+49301239	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 9}	2026-11-22 05:38:45.406215+00	2026-11-22 05:38:45.393989+00	2026-11-22 05:38:45.406215+00	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9952-7065-940e-3edf73e143a7	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{}	2026-11-22 05:38:45.716528+00	2026-11-22 05:38:45.713796+00	2026-11-22 05:38:45.716528+00	\N	\N	2026-11-22 05:38:45.716528+00
\.

COPY campaign.service_types (tenant_id, service_type, name, first_touch_delay, seeded, created_at, updated_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	hvac	Heating and cooling	24:00:00	f	2026-11-22 05:38:45.373618+00	2026-11-22 05:38:45.373618+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	plumbing	Plumbing	48:00:00	f	2026-11-22 05:38:45.373618+00	2026-11-22 05:38:45.373618+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	electrical	Electrical	24:00:00	f	2026-11-22 05:38:45.373618+00	2026-11-22 05:38:45.373618+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	cleaning	Cleaning	04:00:00	f	2026-11-22 05:38:45.373618+00	2026-11-22 05:38:45.373618+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	roofing	Roofing	72:00:00	f	2026-11-22 05:38:45.373618+00	2026-11-22 05:38:45.373618+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	painting	Painting	48:00:00	f	2026-11-22 05:38:45.373618+00	2026-11-22 05:38:45.373618+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	handyman	Handyman	24:00:00	f	2026-11-22 05:38:45.373618+00	2026-11-22 05:38:45.373618+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	other	Other	24:00:00	f	2026-11-22 05:38:45.373618+00	2026-11-22 05:38:45.373618+00
01a201c3-9806-7253-a9c0-be1765f9f6bb	hvac	Heating and cooling	24:00:00	f	2026-11-22 05:38:45.381339+00	2026-11-22 05:38:45.381339+00
01a201c3-9806-7253-a9c0-be1765f9f6bb	plumbing	Plumbing	48:00:00	f	2026-11-22 05:38:45.381339+00	2026-11-22 05:38:45.381339+00
01a201c3-9806-7253-a9c0-be1765f9f6bb	electrical	Electrical	24:00:00	f	2026-11-22 05:38:45.381339+00	2026-11-22 05:38:45.381339+00
01a201c3-9806-7253-a9c0-be1765f9f6bb	cleaning	Cleaning	04:00:00	f	2026-11-22 05:38:45.381339+00	2026-11-22 05:38:45.381339+00
01a201c3-9806-7253-a9c0-be1765f9f6bb	roofing	Roofing	72:00:00	f	2026-11-22 05:38:45.381339+00	2026-11-22 05:38:45.381339+00
01a201c3-9806-7253-a9c0-be1765f9f6bb	painting	Painting	48:00:00	f	2026-11-22 05:38:45.381339+00	2026-11-22 05:38:45.381339+00
01a201c3-9806-7253-a9c0-be1765f9f6bb	handyman	Handyman	24:00:00	f	2026-11-22 05:38:45.381339+00	2026-11-22 05:38:45.381339+00
01a201c3-9806-7253-a9c0-be1765f9f6bb	other	Other	24:00:00	f	2026-11-22 05:38:45.381339+00	2026-11-22 05:38:45.381339+00
\.

COPY campaign.outreach_campaigns (tenant_id, campaign_id, audience, service_type, template_config, plan_version, max_attempts, is_matching, owner_member, language, created_at, updated_at, resume_policy, generation_config, sender_config, scheduled_launch_at, launch_error, launch_outcome, exported_at, launch_lowers) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	jobs	\N	[{"step": 1, "label": "Review request", "channel": "email", "delay_hours": 24, "use_service_delay": false}, {"step": 2, "label": "Reminder", "channel": "email", "delay_hours": 72}, {"step": 3, "label": "Last reminder", "channel": "sms", "delay_hours": 168}]	1	4	t	regress_dump_ada	\N	2026-11-22 05:38:45.416832+00	2026-11-22 05:38:45.431854+00	keep	{"tone": "professional", "language": "en"}	{}	\N	\N	\N	\N	f
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9854-7f24-a4fc-cdffb06662cf	contacts	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a201c3-980e-7298-8bb9-888891829a3c"}]	1	4	t	regress_dump_ada	\N	2026-11-22 05:38:45.460638+00	2026-11-22 05:38:45.465459+00	keep	{}	{}	\N	\N	\N	\N	f
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9866-75c3-874f-7595d0c02a56	contacts	\N	[{"step": 1, "label": "Hello again", "channel": "email", "delay_hours": 2}]	2	4	f	regress_dump_ada	\N	2026-11-22 05:38:45.478155+00	2026-11-22 05:38:45.485751+00	keep	{"tone": "friendly", "proof_points": ["quotes \\" and \\\\ "]}	{"from_email": "ada@example.com", "active_hours": {"end": "17:30", "start": "09:00"}}	\N	\N	\N	\N	f
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9870-786d-b925-3da5834fb7cf	contacts	\N	[{"step": 1, "label": "Hello again", "channel": "email", "delay_hours": 2}]	1	4	f	regress_dump_ada	\N	2026-11-22 05:38:45.487072+00	2026-11-22 05:38:45.487072+00	keep	{"tone": "friendly", "proof_points": ["quotes \\" and \\\\ "]}	{"from_email": "ada@example.com", "active_hours": {"end": "17:30", "start": "09:00"}}	\N	\N	\N	\N	f
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98ec-7afc-a70c-f648b096387a	assigned	\N	[{"step": 1, "label": "Hello", "channel": "email", "delay_hours": 1}]	1	4	f	regress_dump_ada	\N	2026-11-22 05:38:45.61257+00	2026-11-22 05:38:45.61257+00	keep	{}	{}	\N	\N	\N	\N	f
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9949-72c6-b2d7-d87626b00344	contacts	\N	[{"channel": "email", "subject": "Hello", "body_text": "Hello"}]	1	4	f	regress_dump_ada	\N	2026-11-22 05:38:45.705065+00	2026-11-22 05:38:45.708353+00	keep	{}	{}	2099-01-01 00:00:00+00	\N	\N	\N	t
\.

COPY campaign.campaign_contacts (tenant_id, campaign_id, contact_id, status, enrichment_gaps, error, added_at, generated_at, excluded_at, excluded_reason) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9813-7c5c-ac12-0e27be5f876b	excluded	{}	\N	2026-11-22 05:38:45.617133+00	\N	2026-11-22 05:38:45.628112+00	asked\tfor it
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9812-7de5-9ce2-f1dab92fb827	generated	{}	\N	2026-11-22 05:38:45.617133+00	2026-11-22 05:38:45.664823+00	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	failed	{company:l1,contact:person}	no answer\t\\	2026-11-22 05:38:45.617133+00	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9813-7b4e-a87c-58e12e57da1c	generating	{company:l1,contact:person}	\N	2026-11-22 05:38:45.617133+00	\N	\N	\N
\.

COPY campaign.jobs (tenant_id, id, contact_id, service_type, status, completed_at, campaign_override, external_id, created_at, updated_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9877-7742-b183-0e659467ea97	01a201c3-9813-7d3e-b5fd-59f29a2eab84	plumbing	scheduled	\N	\N	job 8	2026-11-22 05:38:45.494316+00	2026-11-22 05:38:45.494316+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9876-7d9c-8000-be490f1a89fc	01a201c3-9812-7de5-9ce2-f1dab92fb827	plumbing	completed	2026-11-20 05:38:45.496656+00	\N	job 1	2026-11-22 05:38:45.494316+00	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9877-7648-baf3-10b96f25768a	01a201c3-9813-7b4e-a87c-58e12e57da1c	plumbing	completed	2026-11-20 05:38:45.496656+00	\N	job 2	2026-11-22 05:38:45.494316+00	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9877-769e-8c8e-af4ed378896e	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	plumbing	completed	2026-11-20 05:38:45.496656+00	\N	job 3	2026-11-22 05:38:45.494316+00	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9877-76c2-a4eb-2e547a833a46	01a201c3-9813-7c5c-ac12-0e27be5f876b	plumbing	completed	2026-11-20 05:38:45.496656+00	\N	job 4	2026-11-22 05:38:45.494316+00	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9877-76e2-af9e-b934b768306c	01a201c3-9813-7c93-ba25-3fd8258cdbc8	plumbing	completed	2026-11-20 05:38:45.496656+00	\N	job 5	2026-11-22 05:38:45.494316+00	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9877-7700-bf50-780962dffebc	01a201c3-9813-7ccc-8582-65d0b5b6a885	plumbing	completed	2026-11-20 05:38:45.496656+00	\N	job 6	2026-11-22 05:38:45.494316+00	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9877-7722-9c70-9fd53ee420ce	01a201c3-9813-7d07-8b01-5a1b4bf57907	plumbing	completed	2026-11-20 05:38:45.496656+00	\N	job 7	2026-11-22 05:38:45.494316+00	2026-11-22 05:38:45.496656+00
\.

COPY campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, job_id, plan_version, status, stop_reason, anchor_at, first_scheduled_at, enrolled_at, completed_at, stopped_at, exclusive, base_shift, log_removed_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-987f-7eab-b0b0-96dce310d1a6	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9812-7de5-9ce2-f1dab92fb827	01a201c3-9876-7d9c-8000-be490f1a89fc	1	active	\N	2026-11-20 05:38:45.496656+00	2026-11-21 05:38:45.496656+00	2026-11-22 05:38:45.496656+00	\N	\N	t	00:00:00	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9887-75c6-802b-6b8431e5b2c4	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9813-7b4e-a87c-58e12e57da1c	01a201c3-9877-7648-baf3-10b96f25768a	1	active	\N	2026-11-20 05:38:45.496656+00	2026-11-21 05:38:45.496656+00	2026-11-22 05:38:45.496656+00	\N	\N	t	00:00:00	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-988a-79a5-b1f8-1c82f80a414b	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	01a201c3-9877-769e-8c8e-af4ed378896e	1	active	\N	2026-11-20 05:38:45.496656+00	2026-11-21 05:38:45.496656+00	2026-11-22 05:38:45.496656+00	\N	\N	t	00:00:00	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-988d-7b1b-bf38-1fc597a4007e	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9813-7c5c-ac12-0e27be5f876b	01a201c3-9877-76c2-a4eb-2e547a833a46	1	active	\N	2026-11-20 05:38:45.496656+00	2026-11-21 05:38:45.496656+00	2026-11-22 05:38:45.496656+00	\N	\N	t	00:00:00	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9890-7ccd-acc6-c6ca28332b4d	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9813-7c93-ba25-3fd8258cdbc8	01a201c3-9877-76e2-af9e-b934b768306c	1	active	\N	2026-11-20 05:38:45.496656+00	2026-11-21 05:38:45.496656+00	2026-11-22 05:38:45.496656+00	\N	\N	t	00:00:00	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9895-7ce8-be4f-f4f39c45486e	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9813-7d07-8b01-5a1b4bf57907	01a201c3-9877-7722-9c70-9fd53ee420ce	1	active	\N	2026-11-20 05:38:45.496656+00	2026-11-21 05:38:45.496656+00	2026-11-22 05:38:45.496656+00	\N	\N	t	00:00:00	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-989a-7e06-9f7e-0173b19ad158	01a201c3-9854-7f24-a4fc-cdffb06662cf	01a201c3-9813-7d3e-b5fd-59f29a2eab84	\N	1	active	\N	2026-11-22 05:38:45.530216+00	2026-11-22 05:38:45.530216+00	2026-11-22 05:38:45.530216+00	\N	\N	t	00:00:00	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9893-7f8e-99af-fdd8e0639fc5	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9813-7ccc-8582-65d0b5b6a885	01a201c3-9877-7700-bf50-780962dffebc	1	stopped	owner_stopped	2026-11-20 05:38:45.496656+00	2026-11-21 05:38:45.496656+00	2026-11-22 05:38:45.496656+00	\N	2026-11-22 05:38:45.570795+00	t	00:00:00	\N
\.

COPY campaign.campaign_templates (tenant_id, id, name, description, template_config, default_config, seeded, created_at, updated_at, version, copied_from, copied_version) FROM stdin;
00000000-0000-0000-0000-000000000000	01a201c3-9809-7758-a54a-7634b2a8fceb	Imported	\N	[{"step": 1, "label": "Imported", "channel": "email", "delay_hours": 1}]	{}	f	2026-11-22 05:38:45.384983+00	2026-11-22 05:38:45.384983+00	1	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9810-79ab-949b-98070885ffbb	Fax only	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a201c3-980e-7298-8bb9-888891829a3c"}]	{}	f	2026-11-22 05:38:45.392334+00	2026-11-22 05:38:45.392334+00	1	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9875-7055-9840-7d7e8eb5321e	LinkedIn + Email Sequence	Ours	[{"step": 1, "label": "Invitation", "channel": "linkedin_connect", "day_offset": 0}, {"step": 2, "label": "First email", "channel": "email", "day_offset": 3}, {"step": 3, "label": "Second email", "channel": "email", "day_offset": 4}, {"step": 4, "label": "Message with document", "channel": "linkedin_message", "needs_pdf": true, "day_offset": 3}, {"step": 5, "label": "Third email", "channel": "email", "enabled": false, "day_offset": 5}]	{"tone": "professional", "language": "en"}	f	2026-11-22 05:38:45.492482+00	2026-11-22 05:38:45.493667+00	2	00000000-0000-8000-8003-000000000004	1
\.

COPY campaign.channels (channel, name, has_subject, has_body, body_limit, address_kind, consent, uncertain_policy, uncertain_wait, seeded, quiet_from, quiet_until, hourly_limit, contact_interval) FROM stdin;
x_fax	Fax	f	t	500	phone	not_opted_out	operator	\N	f	21:00:00	08:00:00	\N	01:00:00
\.

COPY campaign.message_templates (tenant_id, id, channel, service_type, name, subject, body, body_html, is_default, archived_at, copied_from, seeded, created_at, updated_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-980e-7298-8bb9-888891829a3c	x_fax	\N	Fax	\N	Dear {{contact.first_name}},\n\tthank you.\n\\.	\N	f	\N	\N	f	2026-11-22 05:38:45.38966+00	2026-11-22 05:38:45.38966+00
\.

COPY campaign.campaign_touches (tenant_id, campaign_id, plan_version, touch_number, step, channel, label, delay, use_service_delay, condition, on_failure, max_lateness, late, template_id, subject, body, body_html, needs_pdf, variant_count, attachments, config) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	1	1	1	email	Review request	24:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	1	2	2	email	Reminder	72:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	1	3	3	sms	Last reminder	168:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9854-7f24-a4fc-cdffb06662cf	1	1	1	x_fax	Fax	00:00:00	f	always	advance	\N	\N	01a201c3-980e-7298-8bb9-888891829a3c	\N	\N	\N	f	1	{}	{}
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9866-75c3-874f-7595d0c02a56	1	1	1	email	Hello	01:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9866-75c3-874f-7595d0c02a56	2	1	1	email	Hello again	02:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9870-786d-b925-3da5834fb7cf	1	1	1	email	Hello again	02:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98ec-7afc-a70c-f648b096387a	1	1	1	email	Hello	01:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9949-72c6-b2d7-d87626b00344	1	1	1	email	Email	00:00:00	f	always	advance	\N	\N	\N	Hello	Hello	\N	f	1	{}	{}
\.

COPY campaign.consents (tenant_id, contact_id, channel, state, at, source, method) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9812-7de5-9ce2-f1dab92fb827	sms	opted_in	2026-11-22 05:38:45.398437+00	form	checkbox
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	sms	opted_out	2026-11-22 05:38:45.595147+00	event	unsubscribed
\.

COPY campaign.contact_cooldowns (tenant_id, channel, cooldown, created_at, updated_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	x_fax	10 days	2026-11-22 05:38:45.608435+00	2026-11-22 05:38:45.608435+00
\.

COPY campaign.contact_tags (tenant_id, contact_id, tag, at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9812-7de5-9ce2-f1dab92fb827	batch 7	2026-11-22 05:38:45.604723+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7b4e-a87c-58e12e57da1c	batch 7	2026-11-22 05:38:45.604723+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	batch 7	2026-11-22 05:38:45.604723+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7c5c-ac12-0e27be5f876b	batch 7	2026-11-22 05:38:45.604723+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9812-7de5-9ce2-f1dab92fb827	quotes " and \\"	2026-11-22 05:38:45.604723+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7b4e-a87c-58e12e57da1c	quotes " and \\"	2026-11-22 05:38:45.604723+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	quotes " and \\"	2026-11-22 05:38:45.604723+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9813-7c5c-ac12-0e27be5f876b	quotes " and \\"	2026-11-22 05:38:45.604723+00
\.

COPY campaign.count_folds (tenant_id, folded_at) FROM stdin;
01a201c3-9806-7253-a9c0-be1765f9f6bb	-infinity
01a201c3-97ff-77ed-87b7-6b0d21d58bea	2026-11-22 05:38:45.555363+00
\.

COPY campaign.daily_counts (tenant_id, campaign_id, day, metric, n) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	2026-11-22	failed	1
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9854-7f24-a4fc-cdffb06662cf	2026-11-22	enrolled	1
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	2026-11-22	enrolled	7
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	2026-11-22	sent	1
\.

COPY campaign.enrollment_conflicts (tenant_id, id, contact_id, campaign_id, job_id, live_enrollment_id, at, anchor_at, policy, resolve_after, resolution, reason, resolved_at, resolved_by, enrollment_id) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9898-7946-82e4-cdd838560c28	01a201c3-9812-7de5-9ce2-f1dab92fb827	01a201c3-9854-7f24-a4fc-cdffb06662cf	\N	01a201c3-987f-7eab-b0b0-96dce310d1a6	2026-11-22 05:38:45.526586+00	\N	ask	2026-11-23 05:38:45.526586+00	\N	\N	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-989c-7263-84a6-7c805104fe1f	01a201c3-9813-7b4e-a87c-58e12e57da1c	01a201c3-9854-7f24-a4fc-cdffb06662cf	\N	01a201c3-9887-75c6-802b-6b8431e5b2c4	2026-11-22 05:38:45.531429+00	\N	ask	2026-11-23 05:38:45.531429+00	skipped	\N	2026-11-22 05:38:45.532901+00	regress_dump_ada	\N
\.

COPY campaign.entity_stages (tenant_id, entity_kind, entity_id, stage, status, at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	contact	01a201c3-9812-7de5-9ce2-f1dab92fb827	person	completed	2026-11-22 05:38:45.60899+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	company	01a201c3-9811-74b1-b219-b64f0d045519	l1	completed	2026-11-22 05:38:45.60899+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	contact	01a201c3-9813-7b4e-a87c-58e12e57da1c	person	failed	2026-11-22 05:38:45.60899+00
\.

COPY campaign.generation_budgets (tenant_id, mode, amount_usd, period, message_price_usd, created_at, updated_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	soft	10.000000	month	0.001440	2026-11-22 05:38:45.638147+00	2026-11-22 05:38:45.638147+00
\.

COPY campaign.generation_costs (tenant_id, id, campaign_id, contact_id, job_id, fence, touch_number, variant, model, tokens_in, tokens_out, usd, at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9924-7605-8427-22166eea8170	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9812-7de5-9ce2-f1dab92fb827	01a201c3-9911-7ca2-8b39-0eb41ccaaaa7	-459165812111238151	\N	\N	m	800	200	0.001440	2026-11-22 05:38:45.664823+00
\.

COPY campaign.generation_jobs (tenant_id, id, campaign_id, status, plan_version, include_unready, regenerate, price_usd, reserved_usd, started_by, started_at, ended_at, end_reason) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9911-7ca2-8b39-0eb41ccaaaa7	01a201c3-98ec-7afc-a70c-f648b096387a	finished	1	t	f	0.001440	0.004320	regress_dump_ada	2026-11-22 05:38:45.64517+00	2026-11-22 05:38:45.676771+00	finished: 1 generated, 2 failed, 0 excluded
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9942-79d5-9076-1789858016dc	01a201c3-98ec-7afc-a70c-f648b096387a	running	1	f	f	0.001440	0.002880	regress_dump_ada	2026-11-22 05:38:45.695933+00	\N	\N
\.

COPY campaign.generation_items (tenant_id, job_id, contact_id, campaign_id, reserved_usd, lease_until, fence, worker, attempts, outcome, error, ended_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9911-7ca2-8b39-0eb41ccaaaa7	01a201c3-9812-7de5-9ce2-f1dab92fb827	01a201c3-98ec-7afc-a70c-f648b096387a	0.001440	-infinity	-459165812111238151	w	1	generated	\N	2026-11-22 05:38:45.664823+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9911-7ca2-8b39-0eb41ccaaaa7	01a201c3-9813-7b4e-a87c-58e12e57da1c	01a201c3-98ec-7afc-a70c-f648b096387a	0.001440	-infinity	2711865905863504421	w	1	failed	no answer\t\\	2026-11-22 05:38:45.676771+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9911-7ca2-8b39-0eb41ccaaaa7	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	01a201c3-98ec-7afc-a70c-f648b096387a	0.001440	-infinity	-7879920309433367472	w	1	failed	no answer\t\\	2026-11-22 05:38:45.676771+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9942-79d5-9076-1789858016dc	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	01a201c3-98ec-7afc-a70c-f648b096387a	0.001440	-infinity	0	\N	0	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9942-79d5-9076-1789858016dc	01a201c3-9813-7b4e-a87c-58e12e57da1c	01a201c3-98ec-7afc-a70c-f648b096387a	0.001440	2026-11-22 05:48:45.702485+00	-7579513310191082675	w	1	\N	\N	\N
\.

COPY campaign.job_enrollments (tenant_id, id, job_id, campaign_id, enrollment_id, outcome, reason, at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9884-7bfe-87c7-6de1b7622462	01a201c3-9876-7d9c-8000-be490f1a89fc	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-987f-7eab-b0b0-96dce310d1a6	enrolled	\N	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9888-7ab3-b0a5-3d69c4ec5c46	01a201c3-9877-7648-baf3-10b96f25768a	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9887-75c6-802b-6b8431e5b2c4	enrolled	\N	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-988b-7d34-87fc-7ca9cdd24ba6	01a201c3-9877-769e-8c8e-af4ed378896e	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-988a-79a5-b1f8-1c82f80a414b	enrolled	\N	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-988e-7f4c-807e-5f7d76b8e8a1	01a201c3-9877-76c2-a4eb-2e547a833a46	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-988d-7b1b-bf38-1fc597a4007e	enrolled	\N	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9892-70c8-9871-b76bb5995db2	01a201c3-9877-76e2-af9e-b934b768306c	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9890-7ccd-acc6-c6ca28332b4d	enrolled	\N	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9895-73a6-8980-80ca7ff033cb	01a201c3-9877-7700-bf50-780962dffebc	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9893-7f8e-99af-fdd8e0639fc5	enrolled	\N	2026-11-22 05:38:45.496656+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9896-7202-b41f-4f360e0d6ecc	01a201c3-9877-7722-9c70-9fd53ee420ce	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9895-7ce8-be4f-f4f39c45486e	enrolled	\N	2026-11-22 05:38:45.496656+00
\.

COPY campaign.lanes (tenant_id, lane, campaign_id, channel, paused, throttled_until, paused_at, resumed_at, resume_policy, spread, shift) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	1	01a201c3-9829-7d9d-ba20-7ba70841756e	email	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	2	01a201c3-9829-7d9d-ba20-7ba70841756e	sms	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	4	01a201c3-9866-75c3-874f-7595d0c02a56	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	5	01a201c3-9870-786d-b925-3da5834fb7cf	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	3	01a201c3-9854-7f24-a4fc-cdffb06662cf	x_fax	t	-infinity	2026-11-22 05:38:45.575551+00	-infinity	keep	01:00:00	00:00:00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	6	01a201c3-98ec-7afc-a70c-f648b096387a	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	7	01a201c3-9949-72c6-b2d7-d87626b00344	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
\.

COPY campaign.life_cycle_log (tenant_id, id, machine, relation, entity_id, at, from_state, to_state, actor, reason) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-983d-79ff-b66f-44274126dbb4	outreach	campaign.campaigns	01a201c3-9829-7d9d-ba20-7ba70841756e	2026-11-22 05:38:45.437625+00	draft	ready	regress_dump_ada	launch
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9849-7d5b-9094-a37593f07fcc	outreach	campaign.campaigns	01a201c3-9829-7d9d-ba20-7ba70841756e	2026-11-22 05:38:45.449835+00	ready	running	regress_dump_ada	launch
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-985c-740d-b81e-1772748b9977	outreach	campaign.campaigns	01a201c3-9854-7f24-a4fc-cdffb06662cf	2026-11-22 05:38:45.468254+00	draft	ready	regress_dump_ada	launch
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9860-770a-8e66-b3ac716b97db	outreach	campaign.campaigns	01a201c3-9854-7f24-a4fc-cdffb06662cf	2026-11-22 05:38:45.47244+00	ready	running	regress_dump_ada	launch
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98c8-794d-a690-5264738171fb	outreach	campaign.campaigns	01a201c3-9854-7f24-a4fc-cdffb06662cf	2026-11-22 05:38:45.576582+00	running	paused	regress_dump_ada	holidays
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9907-7b22-8717-ef4515d3814d	outreach	campaign.campaigns	01a201c3-98ec-7afc-a70c-f648b096387a	2026-11-22 05:38:45.639696+00	draft	ready	regress_dump_ada	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9918-747c-8f36-bc5eef0f65c4	outreach	campaign.campaigns	01a201c3-98ec-7afc-a70c-f648b096387a	2026-11-22 05:38:45.656281+00	ready	generating	regress_dump_ada	generation for 3 contacts
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9934-7bc3-9a39-afe82e36e38a	generation	campaign.generation_jobs	01a201c3-9911-7ca2-8b39-0eb41ccaaaa7	2026-11-22 05:38:45.684735+00	running	finished	postgres	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9935-70cc-8952-0f4eced0d9ce	outreach	campaign.campaigns	01a201c3-98ec-7afc-a70c-f648b096387a	2026-11-22 05:38:45.68505+00	generating	review	postgres	finished: 1 generated, 2 failed, 0 excluded
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9941-7e78-b67d-a6c1efcecadd	outreach	campaign.campaigns	01a201c3-98ec-7afc-a70c-f648b096387a	2026-11-22 05:38:45.697905+00	review	ready	regress_dump_ada	failed contacts are tried again
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9945-76e2-899f-1c7f26021ca7	outreach	campaign.campaigns	01a201c3-98ec-7afc-a70c-f648b096387a	2026-11-22 05:38:45.701431+00	ready	generating	regress_dump_ada	generation for 2 contacts
\.

COPY campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) FROM stdin;
x_ticket	open	0	t	f	Somebody waits.	f
x_ticket	closed	0	f	t	Nobody does.	f
\.

COPY campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) FROM stdin;
x_ticket	open	closed	answered	f
\.

COPY campaign.messages (tenant_id, id, campaign_id, contact_id, touch_number, variant, plan_version, version, channel, subject, body, body_html, status, review_notes, approved_by, approved_at, sent_at, created_at, changed_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9927-7cd4-bec5-e19da0dee966	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9812-7de5-9ce2-f1dab92fb827	1	a	1	2	email	Hello	quotes " and\ttabs	\N	rejected	too long	\N	\N	\N	2026-11-22 05:38:45.664823+00	2026-11-22 05:38:45.690957+00
\.

COPY campaign.message_feedback (tenant_id, id, message_id, version, action, reason, note, member, at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9939-7de4-b434-60f5421b26a9	01a201c3-9927-7cd4-bec5-e19da0dee966	1	edited	too_long	\N	regress_dump_ada	2026-11-22 05:38:45.685952+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-993f-76c2-9737-e528123673e5	01a201c3-9927-7cd4-bec5-e19da0dee966	2	rejected	too long	\N	regress_dump_ada	2026-11-22 05:38:45.690957+00
\.

COPY campaign.message_versions (tenant_id, message_id, version, origin, subject, body, body_html, reason, note, author, at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9927-7cd4-bec5-e19da0dee966	1	generated	Hello	Quotes " and \\\\ 	\N	\N	\N	postgres	2026-11-22 05:38:45.664823+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9927-7cd4-bec5-e19da0dee966	2	edited	Hello	quotes " and\ttabs	\N	too_long	\N	regress_dump_ada	2026-11-22 05:38:45.685952+00
\.

COPY campaign.overlap_log (tenant_id, id, campaign_id, contact_id, kind, other_campaign_id, channel, severity, outcome, at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98fa-7518-b3c0-0fecc5b02891	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9812-7de5-9ce2-f1dab92fb827	campaign	01a201c3-9829-7d9d-ba20-7ba70841756e	\N	high	warned	2026-11-22 05:38:45.617133+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98fa-7519-b75d-ca4b8af753bc	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9813-7b4e-a87c-58e12e57da1c	campaign	01a201c3-9829-7d9d-ba20-7ba70841756e	\N	high	warned	2026-11-22 05:38:45.617133+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98fa-751a-8839-a1d85b7325e1	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	campaign	01a201c3-9829-7d9d-ba20-7ba70841756e	\N	high	warned	2026-11-22 05:38:45.617133+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98fa-751b-832c-4bb7a7c4c917	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9813-7c5c-ac12-0e27be5f876b	campaign	01a201c3-9829-7d9d-ba20-7ba70841756e	\N	high	warned	2026-11-22 05:38:45.617133+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98fa-7f58-a681-2d804712e5f1	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9812-7de5-9ce2-f1dab92fb827	cooldown	01a201c3-9829-7d9d-ba20-7ba70841756e	email	medium	warned	2026-11-22 05:38:45.617133+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98fb-710f-9ea1-98946531f6a0	01a201c3-98ec-7afc-a70c-f648b096387a	01a201c3-9813-7b4e-a87c-58e12e57da1c	cooldown	\N	email	medium	warned	2026-11-22 05:38:45.617133+00
\.

COPY campaign.readiness_stages (tenant_id, entity_kind, stage, required, seeded, created_at, updated_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	contact	person	t	f	2026-11-22 05:38:45.607361+00	2026-11-22 05:38:45.607361+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	company	l1	t	f	2026-11-22 05:38:45.607361+00	2026-11-22 05:38:45.607361+00
\.

COPY campaign.recent_counts (tenant_id, campaign_id, at, metric, n) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	2026-11-22 05:35:00+00	sent	1
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	2026-11-22 05:35:00+00	failed	1
\.

COPY campaign.send_limits (tenant_id, channel, per_hour, per_day, per_month, contact_interval, warmup_started_on) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	email	500	5000	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	sms	100	\N	\N	\N	2026-11-22
\.

COPY campaign.send_logs (tenant_id, id, campaign_id, enrollment_id, contact_id, template_id, touch_number, attempt, plan_version, fence, worker_id, is_final, advanced, channel, status, scheduled_at, claimed_at, sent_at, logged_at, address, subject, provider_id, reason, error, metadata) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98ae-791f-9691-916b294fddf9	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-987f-7eab-b0b0-96dce310d1a6	01a201c3-9812-7de5-9ce2-f1dab92fb827	00000000-0000-8000-8001-000000000002	1	1	1	-7018301284775094177	-7026996463852375514	t	t	email	sent	2026-11-21 05:38:45.496656+00	2026-11-22 05:38:45.535294+00	2026-11-22 05:38:45.549586+00	2026-11-22 05:38:45.549586+00	contact1@example.com	Is everything flowing as it should?	provider 1	\N	\N	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98af-7a02-acf1-bd07414e8c70	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9887-75c6-802b-6b8431e5b2c4	01a201c3-9813-7b4e-a87c-58e12e57da1c	00000000-0000-8000-8001-000000000002	1	1	1	-6178343192100067850	-7026996463852375514	f	f	email	failed	2026-11-21 05:38:45.496656+00	2026-11-22 05:38:45.535294+00	\N	2026-11-22 05:38:45.551288+00	contact2@example.com	Is everything flowing as it should?	\N	\N	mailbox is busy	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98b0-7525-9262-78a9a387f122	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-988a-79a5-b1f8-1c82f80a414b	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	00000000-0000-8000-8001-000000000002	1	1	1	5027582894768605141	-7026996463852375514	t	t	email	failed	2026-11-21 05:38:45.496656+00	2026-11-22 05:38:45.535294+00	\N	2026-11-22 05:38:45.552024+00	contact3@example.com	Is everything flowing as it should?	\N	\N	no such mailbox	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98b8-7431-9859-665efc31da36	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9890-7ccd-acc6-c6ca28332b4d	01a201c3-9813-7c93-ba25-3fd8258cdbc8	00000000-0000-8000-8001-000000000002	1	1	1	8499309560022608148	-7026996463852375514	t	t	email	failed	2026-11-21 05:38:45.496656+00	2026-11-22 05:38:45.535294+00	\N	2026-11-22 05:38:45.559946+00	contact5@example.com	Is everything flowing as it should?	\N	\N	no such mailbox either	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98ca-78fe-8a68-2c6c71663de9	\N	\N	01a201c3-9813-7b4e-a87c-58e12e57da1c	\N	\N	\N	\N	\N	\N	t	f	email	sent	\N	\N	2026-11-22 05:38:45.578131+00	2026-11-22 05:38:45.578131+00	contact2@example.com	Called back	\N	\N	\N	\N
\.

COPY campaign.send_meters (tenant_id, channel, counted_from, folded_until) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	email	-infinity	-infinity
01a201c3-97ff-77ed-87b7-6b0d21d58bea	sms	-infinity	-infinity
\.

COPY campaign.send_usage (tenant_id, channel, starts_at, id, ends_at, size, used, lease_until) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	email	2026-11-22 05:00:00+00	01a201c3-98ab-76b7-8ddf-77480e4d36fa	2026-11-22 06:00:00+00	100	8	2026-11-22 05:43:45.548148+00
\.

COPY campaign.send_warmup (tenant_id, channel, day, cap) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	sms	1	20
01a201c3-97ff-77ed-87b7-6b0d21d58bea	sms	2	30
01a201c3-97ff-77ed-87b7-6b0d21d58bea	sms	3	50
01a201c3-97ff-77ed-87b7-6b0d21d58bea	sms	4	75
01a201c3-97ff-77ed-87b7-6b0d21d58bea	sms	5	100
01a201c3-97ff-77ed-87b7-6b0d21d58bea	sms	7	150
01a201c3-97ff-77ed-87b7-6b0d21d58bea	sms	14	300
01a201c3-97ff-77ed-87b7-6b0d21d58bea	sms	30	500
\.

COPY campaign.stop_rules (tenant_id, event, action, reason, scope, seeded, created_at, updated_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	clicked	stop	owner_stopped	\N	f	2026-11-22 05:38:45.581174+00	2026-11-22 05:38:45.581174+00
\.

COPY campaign.suppressions (tenant_id, address, reason, at, note) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	nobody@example.com	unsubscribe	2026-11-22 05:38:45.402431+00	asked by phone
01a201c3-97ff-77ed-87b7-6b0d21d58bea	hmac-sha256:dc8aac0f5058cca68ed377b1a6e05d5c9f3ab12829ffe8ce1c19cf4fe238b60c	complaint	2026-11-22 05:38:45.714897+00	\N
\.

COPY campaign.tenant_keys (tenant_id, purpose, key_id, secret, created_at, retired_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	address	1	\\x56fbd33842ff3c9928a52a930ee3ea82f3581497a9abeaa89bd2b53c62bc419a	2026-11-22 05:38:45.373618+00	\N
01a201c3-9806-7253-a9c0-be1765f9f6bb	address	1	\\x29b672f2daa0a312ba344d5a5670e21e1ff57331e237e32571e686ed16f16a38	2026-11-22 05:38:45.381339+00	\N
01a201c3-9806-7253-a9c0-be1765f9f6bb	link	1	\\xa366ffdfdb8f4be89858c3803e2f6139fc7712c12dc80cca80a152d2203ccbf2	2026-11-22 05:38:45.381339+00	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	link	1	\\xd025fc85977d67ebd982ff8399f960800ad3e04e43117e64e42b646318573222	2026-11-22 05:38:45.373618+00	2026-11-22 05:38:45.582101+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	link	2	\\x4b82d966bfb1c2869c97692e4447422354baf397e818cf57f247e6558f006299	2026-11-22 05:38:45.582101+00	\N
\.

COPY campaign.tenant_members (tenant_id, member, role, created_at) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	regress_dump_ada	owner	2026-11-22 05:38:45.373618+00
01a201c3-9806-7253-a9c0-be1765f9f6bb	regress_dump_bob	owner	2026-11-22 05:38:45.381339+00
01a201c3-97ff-77ed-87b7-6b0d21d58bea	regress_dump_bob	viewer	2026-11-22 05:38:45.386268+00
\.

COPY campaign.touch_count_deltas (tenant_id, campaign_id, id, touch_number, service_type, metric, at, day, n, seconds) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-98b8-7636-812a-eb5a18a97dbc	1	plumbing	failed	2026-11-22 05:35:00+00	2026-11-22	1	0
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-98c6-746d-b5dd-a913754f7ac3	0	plumbing	stopped.owner_stopped	2026-11-22 05:35:00+00	2026-11-22	1	0
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-98d9-71fe-bfa4-776ef63ffc3c	1	plumbing	machine_opened	2026-11-22 05:35:00+00	2026-11-22	1	0
\.

COPY campaign.touch_counts (tenant_id, campaign_id, touch_number, service_type, metric, n, seconds) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	1	plumbing	sent	1	0
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	1	plumbing	failed	1	0
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9854-7f24-a4fc-cdffb06662cf	0		enrolled	1	0
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9829-7d9d-ba20-7ba70841756e	0	plumbing	enrolled	7	0
\.

COPY campaign.touch_events (tenant_id, id, event_id, kind, bounce, link, is_machine, at, recorded_at, enrollment_id, campaign_id, contact_id, touch_number, channel, provider_id, address, unmatched, data) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98d0-7c01-8ce2-03514359b759	event 1	opened	\N	\N	t	2026-11-22 05:38:45.584019+00	2026-11-22 05:38:45.584019+00	01a201c3-987f-7eab-b0b0-96dce310d1a6	01a201c3-9829-7d9d-ba20-7ba70841756e	01a201c3-9812-7de5-9ce2-f1dab92fb827	1	email	provider 1	contact1@example.com	f	{"agent": "quotes \\" and \\\\\\\\ "}
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98db-74ab-bad6-b78c2f7b8732	\N	unsubscribed	\N	\N	f	2026-11-22 05:38:45.595147+00	2026-11-22 05:38:45.595147+00	\N	\N	01a201c3-9813-7c14-b5ab-dbd0d7fc6ae8	\N	sms	\N	+49301233	f	\N
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-98e1-7186-95bb-41469a4cc899	event 2	bounced	hard	\N	f	2026-11-22 05:38:45.600944+00	2026-11-22 05:38:45.600944+00	\N	\N	\N	\N	\N	not logged yet	\N	t	\N
\.

COPY campaign.touch_queue (tenant_id, enrollment_id, due_at, scheduled_at, lease_until, claimed_at, fence, worker_id, lane, touch_number, attempt, attempt_base, resume_touch, flags, rescheduled) FROM stdin;
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9895-7ce8-be4f-f4f39c45486e	2026-11-21 05:38:45.496656+00	2026-11-21 05:38:45.496656+00	2026-11-22 05:43:45.541672+00	2026-11-22 05:38:45.535294+00	-2897849410852039028	-7026996463852375514	1	1	1	0	0	0	f
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-987f-7eab-b0b0-96dce310d1a6	2026-11-24 05:38:45.496656+00	2026-11-24 05:38:45.496656+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9887-75c6-802b-6b8431e5b2c4	2026-11-22 05:39:48.120349+00	2026-11-21 05:38:45.496656+00	-infinity	-infinity	0	0	1	1	1	0	0	0	f
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-988a-79a5-b1f8-1c82f80a414b	2026-11-24 05:38:45.496656+00	2026-11-24 05:38:45.496656+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-988d-7b1b-bf38-1fc597a4007e	2026-11-21 05:38:45.496656+00	2026-11-21 05:38:45.496656+00	2026-11-22 05:43:45.541662+00	2026-11-22 05:38:45.535294+00	-8160529941682583558	-7026996463852375514	1	1	1	0	0	1	f
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-989a-7e06-9f7e-0173b19ad158	2026-11-22 05:38:45.530216+00	2026-11-22 05:38:45.530216+00	2026-11-22 04:43:45.562676+00	2026-11-22 05:38:45.561644+00	2605693343661139763	-7710089125918769488	3	1	1	0	0	1	f
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9890-7ccd-acc6-c6ca28332b4d	2026-11-22 05:38:45.566684+00	2026-11-21 05:38:45.496656+00	-infinity	-infinity	0	0	1	1	1	1	2	0	t
01a201c3-97ff-77ed-87b7-6b0d21d58bea	01a201c3-9893-7f8e-99af-fdd8e0639fc5	infinity	2026-11-21 05:38:45.496656+00	2026-11-22 05:43:45.541669+00	2026-11-22 05:38:45.535294+00	6055550586046027394	-7026996463852375514	1	1	1	0	0	2	f
\.

COPY campaign.workers (id, name, first_seen_at, last_seen_at) FROM stdin;
-7026996463852375514	worker 1	2026-11-22 05:38:45.539221+00	2026-11-22 05:38:45.539221+00
-7710089125918769488	worker 2	2026-11-22 05:38:45.561784+00	2026-11-22 05:38:45.561784+00
\.

