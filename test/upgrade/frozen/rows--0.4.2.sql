-- The rows of a database that fill.sql of 0.4.2 has filled, as pg_dump writes them.

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
regress_dump_ada	member	2026-11-22 18:07:32.052514+00	postgres
regress_dump_bob	member	2026-11-22 18:07:32.061802+00	postgres
regress_dump_worker	worker	2026-11-22 18:07:32.068004+00	postgres
regress_dump_admin	admin	2026-11-22 18:07:32.069055+00	postgres
\.

COPY campaign.tenants (id, name, slug, timezone, sender_name, review_url, link_base_url, min_gap, seeded, created_at, updated_at, quiet_from, quiet_until, conflict_policy, review_cooldown, parallel_sequences, log_retention, overlap_policy) FROM stdin;
01a20471-1eec-7ab3-a482-f3a09106dc2f	Bob & Sons	bob	America/New_York	\N	\N	\N	01:00:00	f	2026-11-22 18:07:32.076149+00	2026-11-22 18:07:32.076149+00	\N	\N	ask	30 days	f	\N	warn
01a20471-1ee9-7aa6-b476-d033699175b5	Ada's Plumbing	ada	Europe/Berlin	Ada	https://reviews.example/ada	https://go.example/	01:00:00	f	2026-11-22 18:07:32.07249+00	2026-11-22 18:07:32.197356+00	00:00:00	00:00:00	ask	30 days	f	\N	block
\.

COPY campaign.blackout_dates (tenant_id, day, name, created_at, updated_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	2000-12-25	Christmas Day	2026-11-22 18:07:32.08232+00	2026-11-22 18:07:32.08232+00
01a20471-1ee9-7aa6-b476-d033699175b5	2000-12-26	Boxing\tDay	2026-11-22 18:07:32.08232+00	2026-11-22 18:07:32.08232+00
\.

COPY campaign.campaigns (tenant_id, id, kind, name, description, status, archived_at, external_id, created_by, created_at, updated_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	outreach	Reviews	Two emails and an SMS over eleven days.	running	\N	\N	regress_dump_ada	2026-11-22 18:07:32.089625+00	2026-11-22 18:07:32.095189+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f0f-797a-8e51-389d50eae6e2	outreach	Draft	\N	draft	\N	\N	regress_dump_ada	2026-11-22 18:07:32.111542+00	2026-11-22 18:07:32.111542+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f13-704e-a235-9911ff90ad73	outreach	Draft (Copy)	\N	draft	\N	\N	regress_dump_ada	2026-11-22 18:07:32.11448+00	2026-11-22 18:07:32.11448+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f09-790d-a504-79ad6bf5a73b	outreach	Fax	\N	paused	\N	\N	regress_dump_ada	2026-11-22 18:07:32.105462+00	2026-11-22 18:07:32.147446+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f40-7aac-b862-52a1b72fd2b4	outreach	Assigned	\N	generating	\N	\N	regress_dump_ada	2026-11-22 18:07:32.160617+00	2026-11-22 18:07:32.190885+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f62-7500-b2e2-4dd21dec9b37	outreach	Later	\N	draft	\N	\N	regress_dump_ada	2026-11-22 18:07:32.194276+00	2026-11-22 18:07:32.194276+00
\.

COPY campaign.companies (tenant_id, id, name, domain, tier, industry, region, size, external_id, attributes, created_at, updated_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef0-7b51-a64f-b641df862310	ACME	\N	\N	\N	\N	\N	\N	{"note": "quotes \\" and \\\\ "}	2026-11-22 18:07:32.080596+00	2026-11-22 18:07:32.080596+00
\.

COPY campaign.contacts (tenant_id, id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, archived_at, created_at, updated_at, quiet_from, quiet_until, erased_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7530-91b0-9d97686eb10d	Contact	1	contact1@example.com	+49301231	\N	Asia/Tokyo	\N	01a20471-1ef0-7b51-a64f-b641df862310	\N	\N	\N	\N	\N	f	\N	\N	{"n": 1}	\N	2026-11-22 18:07:32.081012+00	2026-11-22 18:07:32.081012+00	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7b70-b37c-d7c15a5d449c	Contact	2	contact2@example.com	+49301232	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 2}	\N	2026-11-22 18:07:32.081012+00	2026-11-22 18:07:32.081012+00	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7bae-8176-b7e922f8b25c	Contact	3	contact3@example.com	+49301233	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 3}	\N	2026-11-22 18:07:32.081012+00	2026-11-22 18:07:32.081012+00	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7bca-95ba-28e0af7cca3f	Contact	4	contact4@example.com	+49301234	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 4}	\N	2026-11-22 18:07:32.081012+00	2026-11-22 18:07:32.081012+00	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7bdf-9c21-e16f814ef8e1	Contact	5	contact5@example.com	+49301235	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 5}	\N	2026-11-22 18:07:32.081012+00	2026-11-22 18:07:32.081012+00	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7bf3-ad78-ce3718f02f5e	Contact	6	contact6@example.com	+49301236	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 6}	\N	2026-11-22 18:07:32.081012+00	2026-11-22 18:07:32.081012+00	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7c06-beed-da73ce286268	Contact	7	contact7@example.com	+49301237	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 7}	\N	2026-11-22 18:07:32.081012+00	2026-11-22 18:07:32.081012+00	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7c19-a0ad-ac9489fcce50	Contact	8	contact8@example.com	+49301238	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 8}	\N	2026-11-22 18:07:32.081012+00	2026-11-22 18:07:32.081012+00	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7c2c-b5d5-45228037a5d8	Contact	9	contact9@example.com	+49301239	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 9}	2026-11-22 18:07:32.085778+00	2026-11-22 18:07:32.081012+00	2026-11-22 18:07:32.085778+00	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f65-7b69-8857-5aea265d9b00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{}	2026-11-22 18:07:32.198809+00	2026-11-22 18:07:32.197625+00	2026-11-22 18:07:32.198809+00	\N	\N	2026-11-22 18:07:32.198809+00
\.

COPY campaign.service_types (tenant_id, service_type, name, first_touch_delay, seeded, created_at, updated_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	hvac	Heating and cooling	24:00:00	f	2026-11-22 18:07:32.07249+00	2026-11-22 18:07:32.07249+00
01a20471-1ee9-7aa6-b476-d033699175b5	plumbing	Plumbing	48:00:00	f	2026-11-22 18:07:32.07249+00	2026-11-22 18:07:32.07249+00
01a20471-1ee9-7aa6-b476-d033699175b5	electrical	Electrical	24:00:00	f	2026-11-22 18:07:32.07249+00	2026-11-22 18:07:32.07249+00
01a20471-1ee9-7aa6-b476-d033699175b5	cleaning	Cleaning	04:00:00	f	2026-11-22 18:07:32.07249+00	2026-11-22 18:07:32.07249+00
01a20471-1ee9-7aa6-b476-d033699175b5	roofing	Roofing	72:00:00	f	2026-11-22 18:07:32.07249+00	2026-11-22 18:07:32.07249+00
01a20471-1ee9-7aa6-b476-d033699175b5	painting	Painting	48:00:00	f	2026-11-22 18:07:32.07249+00	2026-11-22 18:07:32.07249+00
01a20471-1ee9-7aa6-b476-d033699175b5	handyman	Handyman	24:00:00	f	2026-11-22 18:07:32.07249+00	2026-11-22 18:07:32.07249+00
01a20471-1ee9-7aa6-b476-d033699175b5	other	Other	24:00:00	f	2026-11-22 18:07:32.07249+00	2026-11-22 18:07:32.07249+00
01a20471-1eec-7ab3-a482-f3a09106dc2f	hvac	Heating and cooling	24:00:00	f	2026-11-22 18:07:32.076149+00	2026-11-22 18:07:32.076149+00
01a20471-1eec-7ab3-a482-f3a09106dc2f	plumbing	Plumbing	48:00:00	f	2026-11-22 18:07:32.076149+00	2026-11-22 18:07:32.076149+00
01a20471-1eec-7ab3-a482-f3a09106dc2f	electrical	Electrical	24:00:00	f	2026-11-22 18:07:32.076149+00	2026-11-22 18:07:32.076149+00
01a20471-1eec-7ab3-a482-f3a09106dc2f	cleaning	Cleaning	04:00:00	f	2026-11-22 18:07:32.076149+00	2026-11-22 18:07:32.076149+00
01a20471-1eec-7ab3-a482-f3a09106dc2f	roofing	Roofing	72:00:00	f	2026-11-22 18:07:32.076149+00	2026-11-22 18:07:32.076149+00
01a20471-1eec-7ab3-a482-f3a09106dc2f	painting	Painting	48:00:00	f	2026-11-22 18:07:32.076149+00	2026-11-22 18:07:32.076149+00
01a20471-1eec-7ab3-a482-f3a09106dc2f	handyman	Handyman	24:00:00	f	2026-11-22 18:07:32.076149+00	2026-11-22 18:07:32.076149+00
01a20471-1eec-7ab3-a482-f3a09106dc2f	other	Other	24:00:00	f	2026-11-22 18:07:32.076149+00	2026-11-22 18:07:32.076149+00
\.

COPY campaign.outreach_campaigns (tenant_id, campaign_id, audience, service_type, template_config, plan_version, max_attempts, is_matching, owner_member, language, created_at, updated_at, resume_policy, generation_config, sender_config, scheduled_launch_at, launch_error, launch_outcome, exported_at, launch_lowers) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	jobs	\N	[{"step": 1, "label": "Review request", "channel": "email", "delay_hours": 24, "use_service_delay": false}, {"step": 2, "label": "Reminder", "channel": "email", "delay_hours": 72}, {"step": 3, "label": "Last reminder", "channel": "sms", "delay_hours": 168}]	1	4	t	regress_dump_ada	\N	2026-11-22 18:07:32.089625+00	2026-11-22 18:07:32.095189+00	keep	{"tone": "professional", "language": "en"}	{}	\N	\N	\N	\N	f
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f09-790d-a504-79ad6bf5a73b	contacts	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a20471-1eef-7909-bf97-b280d13d6f2f"}]	1	4	t	regress_dump_ada	\N	2026-11-22 18:07:32.105462+00	2026-11-22 18:07:32.107109+00	keep	{}	{}	\N	\N	\N	\N	f
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f0f-797a-8e51-389d50eae6e2	contacts	\N	[{"step": 1, "label": "Hello again", "channel": "email", "delay_hours": 2}]	2	4	f	regress_dump_ada	\N	2026-11-22 18:07:32.111542+00	2026-11-22 18:07:32.11404+00	keep	{"tone": "friendly", "proof_points": ["quotes \\" and \\\\ "]}	{"from_email": "ada@example.com", "active_hours": {"end": "17:30", "start": "09:00"}}	\N	\N	\N	\N	f
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f13-704e-a235-9911ff90ad73	contacts	\N	[{"step": 1, "label": "Hello again", "channel": "email", "delay_hours": 2}]	1	4	f	regress_dump_ada	\N	2026-11-22 18:07:32.11448+00	2026-11-22 18:07:32.11448+00	keep	{"tone": "friendly", "proof_points": ["quotes \\" and \\\\ "]}	{"from_email": "ada@example.com", "active_hours": {"end": "17:30", "start": "09:00"}}	\N	\N	\N	\N	f
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f40-7aac-b862-52a1b72fd2b4	assigned	\N	[{"step": 1, "label": "Hello", "channel": "email", "delay_hours": 1}]	1	4	f	regress_dump_ada	\N	2026-11-22 18:07:32.160617+00	2026-11-22 18:07:32.160617+00	keep	{}	{}	\N	\N	\N	\N	f
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f62-7500-b2e2-4dd21dec9b37	contacts	\N	[{"channel": "email", "subject": "Hello", "body_text": "Hello"}]	1	4	f	regress_dump_ada	\N	2026-11-22 18:07:32.194276+00	2026-11-22 18:07:32.195613+00	keep	{}	{}	2099-01-01 00:00:00+00	\N	\N	\N	t
\.

COPY campaign.campaign_contacts (tenant_id, campaign_id, contact_id, status, enrichment_gaps, error, added_at, generated_at, excluded_at, excluded_reason) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7bca-95ba-28e0af7cca3f	excluded	{}	\N	2026-11-22 18:07:32.162273+00	\N	2026-11-22 18:07:32.166463+00	asked\tfor it
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7530-91b0-9d97686eb10d	generated	{}	\N	2026-11-22 18:07:32.162273+00	2026-11-22 18:07:32.179736+00	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7bae-8176-b7e922f8b25c	failed	{company:l1,contact:person}	no answer\t\\	2026-11-22 18:07:32.162273+00	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7b70-b37c-d7c15a5d449c	generating	{company:l1,contact:person}	\N	2026-11-22 18:07:32.162273+00	\N	\N	\N
\.

COPY campaign.jobs (tenant_id, id, contact_id, service_type, status, completed_at, campaign_override, external_id, created_at, updated_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f15-72d7-a722-a609026644a3	01a20471-1ef1-7c19-a0ad-ac9489fcce50	plumbing	scheduled	\N	\N	job 8	2026-11-22 18:07:32.116723+00	2026-11-22 18:07:32.116723+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f14-7e88-95ba-ae4d4352dbb8	01a20471-1ef1-7530-91b0-9d97686eb10d	plumbing	completed	2026-11-20 18:07:32.117657+00	\N	job 1	2026-11-22 18:07:32.116723+00	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f15-727d-88eb-af93bb8bd003	01a20471-1ef1-7b70-b37c-d7c15a5d449c	plumbing	completed	2026-11-20 18:07:32.117657+00	\N	job 2	2026-11-22 18:07:32.116723+00	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f15-729b-8ab5-1e2011a3abda	01a20471-1ef1-7bae-8176-b7e922f8b25c	plumbing	completed	2026-11-20 18:07:32.117657+00	\N	job 3	2026-11-22 18:07:32.116723+00	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f15-72aa-b26a-2346bf6af516	01a20471-1ef1-7bca-95ba-28e0af7cca3f	plumbing	completed	2026-11-20 18:07:32.117657+00	\N	job 4	2026-11-22 18:07:32.116723+00	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f15-72b5-b0c7-f7a6a11f4f2a	01a20471-1ef1-7bdf-9c21-e16f814ef8e1	plumbing	completed	2026-11-20 18:07:32.117657+00	\N	job 5	2026-11-22 18:07:32.116723+00	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f15-72c0-af87-947fb9e8e962	01a20471-1ef1-7bf3-ad78-ce3718f02f5e	plumbing	completed	2026-11-20 18:07:32.117657+00	\N	job 6	2026-11-22 18:07:32.116723+00	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f15-72cb-887f-52b3149ac6e0	01a20471-1ef1-7c06-beed-da73ce286268	plumbing	completed	2026-11-20 18:07:32.117657+00	\N	job 7	2026-11-22 18:07:32.116723+00	2026-11-22 18:07:32.117657+00
\.

COPY campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, job_id, plan_version, status, stop_reason, anchor_at, first_scheduled_at, enrolled_at, completed_at, stopped_at, exclusive, base_shift, log_removed_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f18-760c-a48c-705690d5bff8	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1ef1-7530-91b0-9d97686eb10d	01a20471-1f14-7e88-95ba-ae4d4352dbb8	1	active	\N	2026-11-20 18:07:32.117657+00	2026-11-21 18:07:32.117657+00	2026-11-22 18:07:32.117657+00	\N	\N	t	00:00:00	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1b-752f-b4be-07a81ae06c0a	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1ef1-7b70-b37c-d7c15a5d449c	01a20471-1f15-727d-88eb-af93bb8bd003	1	active	\N	2026-11-20 18:07:32.117657+00	2026-11-21 18:07:32.117657+00	2026-11-22 18:07:32.117657+00	\N	\N	t	00:00:00	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1c-7859-b97f-2eeaf9b1c33f	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1ef1-7bae-8176-b7e922f8b25c	01a20471-1f15-729b-8ab5-1e2011a3abda	1	active	\N	2026-11-20 18:07:32.117657+00	2026-11-21 18:07:32.117657+00	2026-11-22 18:07:32.117657+00	\N	\N	t	00:00:00	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1d-7974-aeb5-ddfedaf5b53d	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1ef1-7bca-95ba-28e0af7cca3f	01a20471-1f15-72aa-b26a-2346bf6af516	1	active	\N	2026-11-20 18:07:32.117657+00	2026-11-21 18:07:32.117657+00	2026-11-22 18:07:32.117657+00	\N	\N	t	00:00:00	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1e-7a73-b6fc-17b813666b66	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1ef1-7bdf-9c21-e16f814ef8e1	01a20471-1f15-72b5-b0c7-f7a6a11f4f2a	1	active	\N	2026-11-20 18:07:32.117657+00	2026-11-21 18:07:32.117657+00	2026-11-22 18:07:32.117657+00	\N	\N	t	00:00:00	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f20-73b7-9827-c68975bf9ad1	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1ef1-7c06-beed-da73ce286268	01a20471-1f15-72cb-887f-52b3149ac6e0	1	active	\N	2026-11-20 18:07:32.117657+00	2026-11-21 18:07:32.117657+00	2026-11-22 18:07:32.117657+00	\N	\N	t	00:00:00	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f21-7e0c-a534-b0f447b94bbf	01a20471-1f09-790d-a504-79ad6bf5a73b	01a20471-1ef1-7c19-a0ad-ac9489fcce50	\N	1	active	\N	2026-11-22 18:07:32.129669+00	2026-11-22 18:07:32.129669+00	2026-11-22 18:07:32.129669+00	\N	\N	t	00:00:00	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1f-7afb-94b9-cffd0fc31211	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1ef1-7bf3-ad78-ce3718f02f5e	01a20471-1f15-72c0-af87-947fb9e8e962	1	stopped	owner_stopped	2026-11-20 18:07:32.117657+00	2026-11-21 18:07:32.117657+00	2026-11-22 18:07:32.117657+00	\N	2026-11-22 18:07:32.145855+00	t	00:00:00	\N
\.

COPY campaign.campaign_templates (tenant_id, id, name, description, template_config, default_config, seeded, created_at, updated_at, version, copied_from, copied_version) FROM stdin;
00000000-0000-0000-0000-000000000000	01a20471-1eed-7d3d-86db-d7c5010fd28f	Imported	\N	[{"step": 1, "label": "Imported", "channel": "email", "delay_hours": 1}]	{}	f	2026-11-22 18:07:32.077662+00	2026-11-22 18:07:32.077662+00	1	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef0-7731-8dc7-e05446692f58	Fax only	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a20471-1eef-7909-bf97-b280d13d6f2f"}]	{}	f	2026-11-22 18:07:32.080358+00	2026-11-22 18:07:32.080358+00	1	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f14-75f2-9a7d-8252595f7727	LinkedIn + Email Sequence	Ours	[{"step": 1, "label": "Invitation", "channel": "linkedin_connect", "day_offset": 0}, {"step": 2, "label": "First email", "channel": "email", "day_offset": 3}, {"step": 3, "label": "Second email", "channel": "email", "day_offset": 4}, {"step": 4, "label": "Message with document", "channel": "linkedin_message", "needs_pdf": true, "day_offset": 3}, {"step": 5, "label": "Third email", "channel": "email", "enabled": false, "day_offset": 5}]	{"tone": "professional", "language": "en"}	f	2026-11-22 18:07:32.116203+00	2026-11-22 18:07:32.116545+00	2	00000000-0000-8000-8003-000000000004	1
\.

COPY campaign.channels (channel, name, has_subject, has_body, body_limit, address_kind, consent, uncertain_policy, uncertain_wait, seeded, quiet_from, quiet_until, hourly_limit, contact_interval) FROM stdin;
x_fax	Fax	f	t	500	phone	not_opted_out	operator	\N	f	21:00:00	08:00:00	\N	01:00:00
\.

COPY campaign.message_templates (tenant_id, id, channel, service_type, name, subject, body, body_html, is_default, archived_at, copied_from, seeded, created_at, updated_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1eef-7909-bf97-b280d13d6f2f	x_fax	\N	Fax	\N	Dear {{contact.first_name}},\n\tthank you.\n\\.	\N	f	\N	\N	f	2026-11-22 18:07:32.079399+00	2026-11-22 18:07:32.079399+00
\.

COPY campaign.campaign_touches (tenant_id, campaign_id, plan_version, touch_number, step, channel, label, delay, use_service_delay, condition, on_failure, max_lateness, late, template_id, subject, body, body_html, needs_pdf, variant_count, attachments, config) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	1	1	1	email	Review request	24:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	1	2	2	email	Reminder	72:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	1	3	3	sms	Last reminder	168:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f09-790d-a504-79ad6bf5a73b	1	1	1	x_fax	Fax	00:00:00	f	always	advance	\N	\N	01a20471-1eef-7909-bf97-b280d13d6f2f	\N	\N	\N	f	1	{}	{}
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f0f-797a-8e51-389d50eae6e2	1	1	1	email	Hello	01:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f0f-797a-8e51-389d50eae6e2	2	1	1	email	Hello again	02:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f13-704e-a235-9911ff90ad73	1	1	1	email	Hello again	02:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f40-7aac-b862-52a1b72fd2b4	1	1	1	email	Hello	01:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f62-7500-b2e2-4dd21dec9b37	1	1	1	email	Email	00:00:00	f	always	advance	\N	\N	\N	Hello	Hello	\N	f	1	{}	{}
\.

COPY campaign.consents (tenant_id, contact_id, channel, state, at, source, method) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7530-91b0-9d97686eb10d	sms	opted_in	2026-11-22 18:07:32.082805+00	form	checkbox
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7bae-8176-b7e922f8b25c	sms	opted_out	2026-11-22 18:07:32.154218+00	event	unsubscribed
\.

COPY campaign.contact_cooldowns (tenant_id, channel, cooldown, created_at, updated_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	x_fax	10 days	2026-11-22 18:07:32.158995+00	2026-11-22 18:07:32.158995+00
\.

COPY campaign.contact_tags (tenant_id, contact_id, tag, at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7530-91b0-9d97686eb10d	batch 7	2026-11-22 18:07:32.157532+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7b70-b37c-d7c15a5d449c	batch 7	2026-11-22 18:07:32.157532+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7bae-8176-b7e922f8b25c	batch 7	2026-11-22 18:07:32.157532+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7bca-95ba-28e0af7cca3f	batch 7	2026-11-22 18:07:32.157532+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7530-91b0-9d97686eb10d	quotes " and \\"	2026-11-22 18:07:32.157532+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7b70-b37c-d7c15a5d449c	quotes " and \\"	2026-11-22 18:07:32.157532+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7bae-8176-b7e922f8b25c	quotes " and \\"	2026-11-22 18:07:32.157532+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1ef1-7bca-95ba-28e0af7cca3f	quotes " and \\"	2026-11-22 18:07:32.157532+00
\.

COPY campaign.count_folds (tenant_id, folded_at) FROM stdin;
01a20471-1eec-7ab3-a482-f3a09106dc2f	-infinity
01a20471-1ee9-7aa6-b476-d033699175b5	2026-11-22 18:07:32.140193+00
\.

COPY campaign.daily_counts (tenant_id, campaign_id, day, metric, n) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	2026-11-22	failed	1
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	2026-11-22	sent	1
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f09-790d-a504-79ad6bf5a73b	2026-11-22	enrolled	1
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	2026-11-22	enrolled	7
\.

COPY campaign.enrollment_conflicts (tenant_id, id, contact_id, campaign_id, job_id, live_enrollment_id, at, anchor_at, policy, resolve_after, resolution, reason, resolved_at, resolved_by, enrollment_id) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f21-70f9-ae2c-06580feed6c4	01a20471-1ef1-7530-91b0-9d97686eb10d	01a20471-1f09-790d-a504-79ad6bf5a73b	\N	01a20471-1f18-760c-a48c-705690d5bff8	2026-11-22 18:07:32.128435+00	\N	ask	2026-11-23 18:07:32.128435+00	\N	\N	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f22-74ad-8eda-4d00e374f6f3	01a20471-1ef1-7b70-b37c-d7c15a5d449c	01a20471-1f09-790d-a504-79ad6bf5a73b	\N	01a20471-1f1b-752f-b4be-07a81ae06c0a	2026-11-22 18:07:32.130065+00	\N	ask	2026-11-23 18:07:32.130065+00	skipped	\N	2026-11-22 18:07:32.130562+00	regress_dump_ada	\N
\.

COPY campaign.entity_stages (tenant_id, entity_kind, entity_id, stage, status, at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	contact	01a20471-1ef1-7530-91b0-9d97686eb10d	person	completed	2026-11-22 18:07:32.159296+00
01a20471-1ee9-7aa6-b476-d033699175b5	company	01a20471-1ef0-7b51-a64f-b641df862310	l1	completed	2026-11-22 18:07:32.159296+00
01a20471-1ee9-7aa6-b476-d033699175b5	contact	01a20471-1ef1-7b70-b37c-d7c15a5d449c	person	failed	2026-11-22 18:07:32.159296+00
\.

COPY campaign.generation_budgets (tenant_id, mode, amount_usd, period, message_price_usd, created_at, updated_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	soft	10.000000	month	0.001440	2026-11-22 18:07:32.170145+00	2026-11-22 18:07:32.170145+00
\.

COPY campaign.generation_costs (tenant_id, id, campaign_id, contact_id, job_id, fence, touch_number, variant, model, tokens_in, tokens_out, usd, at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f55-707d-b04a-91e76adec668	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7530-91b0-9d97686eb10d	01a20471-1f4e-7203-8718-897f80eb72e9	6633451514778716134	\N	\N	m	800	200	0.001440	2026-11-22 18:07:32.179736+00
\.

COPY campaign.generation_jobs (tenant_id, id, campaign_id, status, plan_version, include_unready, regenerate, price_usd, reserved_usd, started_by, started_at, ended_at, end_reason) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f4e-7203-8718-897f80eb72e9	01a20471-1f40-7aac-b862-52a1b72fd2b4	finished	1	t	f	0.001440	0.004320	regress_dump_ada	2026-11-22 18:07:32.172575+00	2026-11-22 18:07:32.184372+00	finished: 1 generated, 2 failed, 0 excluded
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f5f-7c0d-8c09-7e946fe1d345	01a20471-1f40-7aac-b862-52a1b72fd2b4	running	1	f	f	0.001440	0.002880	regress_dump_ada	2026-11-22 18:07:32.190885+00	\N	\N
\.

COPY campaign.generation_items (tenant_id, job_id, contact_id, campaign_id, reserved_usd, lease_until, fence, worker, attempts, outcome, error, ended_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f4e-7203-8718-897f80eb72e9	01a20471-1ef1-7530-91b0-9d97686eb10d	01a20471-1f40-7aac-b862-52a1b72fd2b4	0.001440	-infinity	6633451514778716134	w	1	generated	\N	2026-11-22 18:07:32.179736+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f4e-7203-8718-897f80eb72e9	01a20471-1ef1-7b70-b37c-d7c15a5d449c	01a20471-1f40-7aac-b862-52a1b72fd2b4	0.001440	-infinity	-8659390826454104316	w	1	failed	no answer\t\\	2026-11-22 18:07:32.184372+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f4e-7203-8718-897f80eb72e9	01a20471-1ef1-7bae-8176-b7e922f8b25c	01a20471-1f40-7aac-b862-52a1b72fd2b4	0.001440	-infinity	4753655441459406465	w	1	failed	no answer\t\\	2026-11-22 18:07:32.184372+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f5f-7c0d-8c09-7e946fe1d345	01a20471-1ef1-7bae-8176-b7e922f8b25c	01a20471-1f40-7aac-b862-52a1b72fd2b4	0.001440	-infinity	0	\N	0	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f5f-7c0d-8c09-7e946fe1d345	01a20471-1ef1-7b70-b37c-d7c15a5d449c	01a20471-1f40-7aac-b862-52a1b72fd2b4	0.001440	2026-11-22 18:17:32.193205+00	7239760126524351301	w	1	\N	\N	\N
\.

COPY campaign.job_enrollments (tenant_id, id, job_id, campaign_id, enrollment_id, outcome, reason, at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1a-74af-92c4-0a70d12518aa	01a20471-1f14-7e88-95ba-ae4d4352dbb8	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f18-760c-a48c-705690d5bff8	enrolled	\N	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1b-7d38-b43c-4c354ae0e8ce	01a20471-1f15-727d-88eb-af93bb8bd003	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f1b-752f-b4be-07a81ae06c0a	enrolled	\N	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1c-7fbd-9698-1ea3dfa81b7d	01a20471-1f15-729b-8ab5-1e2011a3abda	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f1c-7859-b97f-2eeaf9b1c33f	enrolled	\N	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1e-7065-a1f6-c25aebc0afab	01a20471-1f15-72aa-b26a-2346bf6af516	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f1d-7974-aeb5-ddfedaf5b53d	enrolled	\N	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1f-7188-be29-6612c74a1617	01a20471-1f15-72b5-b0c7-f7a6a11f4f2a	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f1e-7a73-b6fc-17b813666b66	enrolled	\N	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f20-715c-a075-2afa7258a148	01a20471-1f15-72c0-af87-947fb9e8e962	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f1f-7afb-94b9-cffd0fc31211	enrolled	\N	2026-11-22 18:07:32.117657+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f20-74cd-8178-5fe02936cba6	01a20471-1f15-72cb-887f-52b3149ac6e0	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f20-73b7-9827-c68975bf9ad1	enrolled	\N	2026-11-22 18:07:32.117657+00
\.

COPY campaign.lanes (tenant_id, lane, campaign_id, channel, paused, throttled_until, paused_at, resumed_at, resume_policy, spread, shift) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	1	01a20471-1efa-7003-b46c-e301c8a28494	email	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20471-1ee9-7aa6-b476-d033699175b5	2	01a20471-1efa-7003-b46c-e301c8a28494	sms	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20471-1ee9-7aa6-b476-d033699175b5	4	01a20471-1f0f-797a-8e51-389d50eae6e2	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20471-1ee9-7aa6-b476-d033699175b5	5	01a20471-1f13-704e-a235-9911ff90ad73	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20471-1ee9-7aa6-b476-d033699175b5	3	01a20471-1f09-790d-a504-79ad6bf5a73b	x_fax	t	-infinity	2026-11-22 18:07:32.147446+00	-infinity	keep	01:00:00	00:00:00
01a20471-1ee9-7aa6-b476-d033699175b5	6	01a20471-1f40-7aac-b862-52a1b72fd2b4	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20471-1ee9-7aa6-b476-d033699175b5	7	01a20471-1f62-7500-b2e2-4dd21dec9b37	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
\.

COPY campaign.life_cycle_log (tenant_id, id, machine, relation, entity_id, at, from_state, to_state, actor, reason) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f01-735b-ab95-d816078ece95	outreach	campaign.campaigns	01a20471-1efa-7003-b46c-e301c8a28494	2026-11-22 18:07:32.09721+00	draft	ready	regress_dump_ada	launch
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f05-78d0-885b-b5976476e9cd	outreach	campaign.campaigns	01a20471-1efa-7003-b46c-e301c8a28494	2026-11-22 18:07:32.10155+00	ready	running	regress_dump_ada	launch
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f0c-70ff-b563-4a94019db904	outreach	campaign.campaigns	01a20471-1f09-790d-a504-79ad6bf5a73b	2026-11-22 18:07:32.108062+00	draft	ready	regress_dump_ada	launch
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f0d-7721-86ec-f1296cb6c395	outreach	campaign.campaigns	01a20471-1f09-790d-a504-79ad6bf5a73b	2026-11-22 18:07:32.109445+00	ready	running	regress_dump_ada	launch
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f33-7d06-88e8-908617e7ff43	outreach	campaign.campaigns	01a20471-1f09-790d-a504-79ad6bf5a73b	2026-11-22 18:07:32.147814+00	running	paused	regress_dump_ada	holidays
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f4a-7c03-8c20-07bc5b39da86	outreach	campaign.campaigns	01a20471-1f40-7aac-b862-52a1b72fd2b4	2026-11-22 18:07:32.170751+00	draft	ready	regress_dump_ada	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f50-7828-a2a2-150320263b88	outreach	campaign.campaigns	01a20471-1f40-7aac-b862-52a1b72fd2b4	2026-11-22 18:07:32.17651+00	ready	generating	regress_dump_ada	generation for 3 contacts
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f5a-7e98-8328-2c886735efa0	generation	campaign.generation_jobs	01a20471-1f4e-7203-8718-897f80eb72e9	2026-11-22 18:07:32.186912+00	running	finished	postgres	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f5b-7029-974a-1df53dca65a9	outreach	campaign.campaigns	01a20471-1f40-7aac-b862-52a1b72fd2b4	2026-11-22 18:07:32.18701+00	generating	review	postgres	finished: 1 generated, 2 failed, 0 excluded
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f5f-7901-ac82-dd9b18ee86f2	outreach	campaign.campaigns	01a20471-1f40-7aac-b862-52a1b72fd2b4	2026-11-22 18:07:32.191563+00	review	ready	regress_dump_ada	failed contacts are tried again
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f60-7cff-a6a3-47d8279de772	outreach	campaign.campaigns	01a20471-1f40-7aac-b862-52a1b72fd2b4	2026-11-22 18:07:32.192812+00	ready	generating	regress_dump_ada	generation for 2 contacts
\.

COPY campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) FROM stdin;
x_ticket	open	0	t	f	Somebody waits.	f
x_ticket	closed	0	f	t	Nobody does.	f
\.

COPY campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) FROM stdin;
x_ticket	open	closed	answered	f
\.

COPY campaign.messages (tenant_id, id, campaign_id, contact_id, touch_number, variant, plan_version, version, channel, subject, body, body_html, status, review_notes, approved_by, approved_at, sent_at, created_at, changed_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f56-7660-9135-2c4a203fe53c	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7530-91b0-9d97686eb10d	1	a	1	2	email	Hello	quotes " and\ttabs	\N	rejected	too long	\N	\N	\N	2026-11-22 18:07:32.179736+00	2026-11-22 18:07:32.189049+00
\.

COPY campaign.message_feedback (tenant_id, id, message_id, version, action, reason, note, member, at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f5c-7ad1-8431-81a1ea3eb1df	01a20471-1f56-7660-9135-2c4a203fe53c	1	edited	too_long	\N	regress_dump_ada	2026-11-22 18:07:32.187374+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f5e-7b32-a03e-ed6cb1a0974b	01a20471-1f56-7660-9135-2c4a203fe53c	2	rejected	too long	\N	regress_dump_ada	2026-11-22 18:07:32.189049+00
\.

COPY campaign.message_versions (tenant_id, message_id, version, origin, subject, body, body_html, reason, note, author, at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f56-7660-9135-2c4a203fe53c	1	generated	Hello	Quotes " and \\\\ 	\N	\N	\N	postgres	2026-11-22 18:07:32.179736+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f56-7660-9135-2c4a203fe53c	2	edited	Hello	quotes " and\ttabs	\N	too_long	\N	regress_dump_ada	2026-11-22 18:07:32.187374+00
\.

COPY campaign.overlap_log (tenant_id, id, campaign_id, contact_id, kind, other_campaign_id, channel, severity, outcome, at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f45-7bcb-a03a-b91c68dba168	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7530-91b0-9d97686eb10d	campaign	01a20471-1efa-7003-b46c-e301c8a28494	\N	high	warned	2026-11-22 18:07:32.162273+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f45-7bcc-a120-132ba72d596a	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7b70-b37c-d7c15a5d449c	campaign	01a20471-1efa-7003-b46c-e301c8a28494	\N	high	warned	2026-11-22 18:07:32.162273+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f45-7bcd-b050-aca596344267	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7bae-8176-b7e922f8b25c	campaign	01a20471-1efa-7003-b46c-e301c8a28494	\N	high	warned	2026-11-22 18:07:32.162273+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f45-7bce-99f8-faed320a0645	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7bca-95ba-28e0af7cca3f	campaign	01a20471-1efa-7003-b46c-e301c8a28494	\N	high	warned	2026-11-22 18:07:32.162273+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f45-7fc5-b25e-d680ea12d3ac	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7530-91b0-9d97686eb10d	cooldown	01a20471-1efa-7003-b46c-e301c8a28494	email	medium	warned	2026-11-22 18:07:32.162273+00
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f46-7049-848b-527aec74eb06	01a20471-1f40-7aac-b862-52a1b72fd2b4	01a20471-1ef1-7b70-b37c-d7c15a5d449c	cooldown	\N	email	medium	warned	2026-11-22 18:07:32.162273+00
\.

COPY campaign.readiness_stages (tenant_id, entity_kind, stage, required, seeded, created_at, updated_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	contact	person	t	f	2026-11-22 18:07:32.158516+00	2026-11-22 18:07:32.158516+00
01a20471-1ee9-7aa6-b476-d033699175b5	company	l1	t	f	2026-11-22 18:07:32.158516+00	2026-11-22 18:07:32.158516+00
\.

COPY campaign.recent_counts (tenant_id, campaign_id, at, metric, n) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	2026-11-22 18:05:00+00	failed	1
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	2026-11-22 18:05:00+00	sent	1
\.

COPY campaign.send_limits (tenant_id, channel, per_hour, per_day, per_month, contact_interval, warmup_started_on) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	email	500	5000	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	sms	100	\N	\N	\N	2026-11-22
\.

COPY campaign.send_logs (tenant_id, id, campaign_id, enrollment_id, contact_id, template_id, touch_number, attempt, plan_version, fence, worker_id, is_final, advanced, channel, status, scheduled_at, claimed_at, sent_at, logged_at, address, subject, provider_id, reason, error, metadata) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f2a-7460-9a5e-2661721547cc	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f18-760c-a48c-705690d5bff8	01a20471-1ef1-7530-91b0-9d97686eb10d	00000000-0000-8000-8001-000000000002	1	1	1	2399510638973771511	-7026996463852375514	t	t	email	sent	2026-11-21 18:07:32.117657+00	2026-11-22 18:07:32.131438+00	2026-11-22 18:07:32.137986+00	2026-11-22 18:07:32.137986+00	contact1@example.com	Is everything flowing as it should?	provider 1	\N	\N	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f2a-7aa6-9296-fcb9572aed1f	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f1b-752f-b4be-07a81ae06c0a	01a20471-1ef1-7b70-b37c-d7c15a5d449c	00000000-0000-8000-8001-000000000002	1	1	1	-4142032615584032629	-7026996463852375514	f	f	email	failed	2026-11-21 18:07:32.117657+00	2026-11-22 18:07:32.131438+00	\N	2026-11-22 18:07:32.13855+00	contact2@example.com	Is everything flowing as it should?	\N	\N	mailbox is busy	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f2a-7eb3-a53b-866e5b86579d	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f1c-7859-b97f-2eeaf9b1c33f	01a20471-1ef1-7bae-8176-b7e922f8b25c	00000000-0000-8000-8001-000000000002	1	1	1	-7472560563725591900	-7026996463852375514	t	t	email	failed	2026-11-21 18:07:32.117657+00	2026-11-22 18:07:32.131438+00	\N	2026-11-22 18:07:32.138828+00	contact3@example.com	Is everything flowing as it should?	\N	\N	no such mailbox	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f2e-718e-bf6d-9a8fdec99fa9	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f1e-7a73-b6fc-17b813666b66	01a20471-1ef1-7bdf-9c21-e16f814ef8e1	00000000-0000-8000-8001-000000000002	1	1	1	5682355657072756072	-7026996463852375514	t	t	email	failed	2026-11-21 18:07:32.117657+00	2026-11-22 18:07:32.131438+00	\N	2026-11-22 18:07:32.14199+00	contact5@example.com	Is everything flowing as it should?	\N	\N	no such mailbox either	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f34-77b7-9230-88e794f5f160	\N	\N	01a20471-1ef1-7b70-b37c-d7c15a5d449c	\N	\N	\N	\N	\N	\N	t	f	email	sent	\N	\N	2026-11-22 18:07:32.148333+00	2026-11-22 18:07:32.148333+00	contact2@example.com	Called back	\N	\N	\N	\N
\.

COPY campaign.send_meters (tenant_id, channel, counted_from, folded_until) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	email	-infinity	-infinity
01a20471-1ee9-7aa6-b476-d033699175b5	sms	-infinity	-infinity
\.

COPY campaign.send_usage (tenant_id, channel, starts_at, id, ends_at, size, used, lease_until) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	email	2026-11-22 18:00:00+00	01a20471-1f29-743e-a1d7-f5ff1fb2009e	2026-11-22 19:00:00+00	100	8	2026-11-22 18:12:32.137541+00
\.

COPY campaign.send_warmup (tenant_id, channel, day, cap) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	sms	1	20
01a20471-1ee9-7aa6-b476-d033699175b5	sms	2	30
01a20471-1ee9-7aa6-b476-d033699175b5	sms	3	50
01a20471-1ee9-7aa6-b476-d033699175b5	sms	4	75
01a20471-1ee9-7aa6-b476-d033699175b5	sms	5	100
01a20471-1ee9-7aa6-b476-d033699175b5	sms	7	150
01a20471-1ee9-7aa6-b476-d033699175b5	sms	14	300
01a20471-1ee9-7aa6-b476-d033699175b5	sms	30	500
\.

COPY campaign.stop_rules (tenant_id, event, action, reason, scope, seeded, created_at, updated_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	clicked	stop	owner_stopped	\N	f	2026-11-22 18:07:32.149361+00	2026-11-22 18:07:32.149361+00
\.

COPY campaign.suppressions (tenant_id, address, reason, at, note) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	nobody@example.com	unsubscribe	2026-11-22 18:07:32.084349+00	asked by phone
01a20471-1ee9-7aa6-b476-d033699175b5	hmac-sha256:57e28706accc199dd959b58ff3d5b882d74ee95ba3377734ca51fa22c6743c05	complaint	2026-11-22 18:07:32.198082+00	\N
\.

COPY campaign.tenant_keys (tenant_id, purpose, key_id, secret, created_at, retired_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	address	1	\\x135ee020aa0b53030dfef63459b65562f8fb0662d381d958d2916ad770df25bd	2026-11-22 18:07:32.07249+00	\N
01a20471-1eec-7ab3-a482-f3a09106dc2f	address	1	\\x568ea276a9510409ea3c104ce1f8515d5f8e14e8798fc9823e52d36ef5e83b61	2026-11-22 18:07:32.076149+00	\N
01a20471-1eec-7ab3-a482-f3a09106dc2f	link	1	\\xbeba7a598dfa1e9281f2215ee278cdda973f8b2b20b9d35a92cccda34fa94dc1	2026-11-22 18:07:32.076149+00	\N
01a20471-1ee9-7aa6-b476-d033699175b5	link	1	\\xa60971c351a9f0a0969a3819db06e59077f2334e3fd6e8bc2e26f5812b4fe783	2026-11-22 18:07:32.07249+00	2026-11-22 18:07:32.149709+00
01a20471-1ee9-7aa6-b476-d033699175b5	link	2	\\x102d3d838c0fd7870e6982c77ba3b6af19e9f18e797ce2e24a3931db7bb4d8b1	2026-11-22 18:07:32.149709+00	\N
\.

COPY campaign.tenant_members (tenant_id, member, role, created_at) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	regress_dump_ada	owner	2026-11-22 18:07:32.07249+00
01a20471-1eec-7ab3-a482-f3a09106dc2f	regress_dump_bob	owner	2026-11-22 18:07:32.076149+00
01a20471-1ee9-7aa6-b476-d033699175b5	regress_dump_bob	viewer	2026-11-22 18:07:32.078119+00
\.

COPY campaign.touch_count_deltas (tenant_id, campaign_id, id, touch_number, service_type, metric, at, day, n, seconds) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f2e-71de-8906-cbdeee298a37	1	plumbing	failed	2026-11-22 18:05:00+00	2026-11-22	1	0
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f33-70ad-bf9f-68c5979c19b3	0	plumbing	stopped.owner_stopped	2026-11-22 18:05:00+00	2026-11-22	1	0
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1f39-77f7-b751-50ee33b38981	1	plumbing	machine_opened	2026-11-22 18:05:00+00	2026-11-22	1	0
\.

COPY campaign.touch_counts (tenant_id, campaign_id, touch_number, service_type, metric, n, seconds) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	1	plumbing	sent	1	0
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	1	plumbing	failed	1	0
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1efa-7003-b46c-e301c8a28494	0	plumbing	enrolled	7	0
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f09-790d-a504-79ad6bf5a73b	0		enrolled	1	0
\.

COPY campaign.touch_events (tenant_id, id, event_id, kind, bounce, link, is_machine, at, recorded_at, enrollment_id, campaign_id, contact_id, touch_number, channel, provider_id, address, unmatched, data) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f36-7a2e-979e-2397cc457e2e	event 1	opened	\N	\N	t	2026-11-22 18:07:32.150338+00	2026-11-22 18:07:32.150338+00	01a20471-1f18-760c-a48c-705690d5bff8	01a20471-1efa-7003-b46c-e301c8a28494	01a20471-1ef1-7530-91b0-9d97686eb10d	1	email	provider 1	contact1@example.com	f	{"agent": "quotes \\" and \\\\\\\\ "}
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f3a-7443-8cf9-cc94fd67eb73	\N	unsubscribed	\N	\N	f	2026-11-22 18:07:32.154218+00	2026-11-22 18:07:32.154218+00	\N	\N	01a20471-1ef1-7bae-8176-b7e922f8b25c	\N	sms	\N	+49301233	f	\N
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f3c-7501-ae3a-40caa208e2bb	event 2	bounced	hard	\N	f	2026-11-22 18:07:32.156268+00	2026-11-22 18:07:32.156268+00	\N	\N	\N	\N	\N	not logged yet	\N	t	\N
\.

COPY campaign.touch_queue (tenant_id, enrollment_id, due_at, scheduled_at, lease_until, claimed_at, fence, worker_id, lane, touch_number, attempt, attempt_base, resume_touch, flags, rescheduled) FROM stdin;
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f20-73b7-9827-c68975bf9ad1	2026-11-21 18:07:32.117657+00	2026-11-21 18:07:32.117657+00	2026-11-22 18:12:32.134691+00	2026-11-22 18:07:32.131438+00	733561288630715683	-7026996463852375514	1	1	1	0	0	0	f
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f18-760c-a48c-705690d5bff8	2026-11-24 18:07:32.117657+00	2026-11-24 18:07:32.117657+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1b-752f-b4be-07a81ae06c0a	2026-11-22 18:08:34.412958+00	2026-11-21 18:07:32.117657+00	-infinity	-infinity	0	0	1	1	1	0	0	0	f
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1c-7859-b97f-2eeaf9b1c33f	2026-11-24 18:07:32.117657+00	2026-11-24 18:07:32.117657+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1d-7974-aeb5-ddfedaf5b53d	2026-11-21 18:07:32.117657+00	2026-11-21 18:07:32.117657+00	2026-11-22 18:12:32.134688+00	2026-11-22 18:07:32.131438+00	2227080336183574616	-7026996463852375514	1	1	1	0	0	1	f
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f21-7e0c-a534-b0f447b94bbf	2026-11-22 18:07:32.129669+00	2026-11-22 18:07:32.129669+00	2026-11-22 17:12:32.14301+00	2026-11-22 18:07:32.142631+00	-1318145506760357781	-7710089125918769488	3	1	1	0	0	1	f
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1e-7a73-b6fc-17b813666b66	2026-11-22 18:07:32.144607+00	2026-11-21 18:07:32.117657+00	-infinity	-infinity	0	0	1	1	1	1	2	0	t
01a20471-1ee9-7aa6-b476-d033699175b5	01a20471-1f1f-7afb-94b9-cffd0fc31211	infinity	2026-11-21 18:07:32.117657+00	2026-11-22 18:12:32.13469+00	2026-11-22 18:07:32.131438+00	-3223775861806080538	-7026996463852375514	1	1	1	0	0	2	f
\.

COPY campaign.workers (id, name, first_seen_at, last_seen_at) FROM stdin;
-7026996463852375514	worker 1	2026-11-22 18:07:32.13357+00	2026-11-22 18:07:32.13357+00
-7710089125918769488	worker 2	2026-11-22 18:07:32.142686+00	2026-11-22 18:07:32.142686+00
\.

