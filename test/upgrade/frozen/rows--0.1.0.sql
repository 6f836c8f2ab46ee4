-- The rows of a database that fill.sql of 0.1.0 has filled, as pg_dump writes them.

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
regress_dump_ada	member	2026-11-21 16:34:11.595711+00	postgres
regress_dump_bob	member	2026-11-21 16:34:11.644118+00	postgres
regress_dump_worker	worker	2026-11-21 16:34:11.670179+00	postgres
regress_dump_admin	admin	2026-11-21 16:34:11.680693+00	postgres
\.

COPY campaign.tenants (id, name, slug, timezone, sender_name, review_url, link_base_url, min_gap, seeded, created_at, updated_at) FROM stdin;
01a1fef5-4e90-75a2-9cd3-6a4e5f48c542	Bob & Sons	bob	America/New_York	\N	\N	\N	01:00:00	f	2026-11-21 16:34:11.727705+00	2026-11-21 16:34:11.727705+00
01a1fef5-4e7b-7024-a396-8e18056b4153	Ada's Plumbing	ada	Europe/Berlin	Ada	https://reviews.example/ada	https://go.example/	01:00:00	f	2026-11-21 16:34:11.70581+00	2026-11-21 16:34:11.754447+00
\.

COPY campaign.campaigns (tenant_id, id, kind, name, description, status, archived_at, external_id, created_by, created_at, updated_at) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	outreach	Reviews	Two emails and an SMS over eleven days.	running	\N	\N	regress_dump_ada	2026-11-21 16:34:11.825184+00	2026-11-21 16:34:11.888167+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f7e-74c2-9731-43aa1edf78b7	outreach	Draft	\N	draft	\N	\N	regress_dump_ada	2026-11-21 16:34:11.96613+00	2026-11-21 16:34:11.96613+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f5b-7d39-bb45-f6585e501409	outreach	Fax	\N	paused	\N	\N	regress_dump_ada	2026-11-21 16:34:11.931554+00	2026-11-21 16:34:12.426447+00
\.

COPY campaign.companies (tenant_id, id, name, domain, tier, industry, region, size, external_id, attributes, created_at, updated_at) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4eb8-7335-a42d-c89a4a8c89d4	ACME	\N	\N	\N	\N	\N	\N	{"note": "quotes \\" and \\\\ "}	2026-11-21 16:34:11.767943+00	2026-11-21 16:34:11.767943+00
\.

COPY campaign.contacts (tenant_id, id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, archived_at, created_at, updated_at) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ebe-7e28-b1e7-777e6165d538	Contact	1	contact1@example.com	+49301231	\N	Asia/Tokyo	\N	01a1fef5-4eb8-7335-a42d-c89a4a8c89d4	\N	\N	\N	\N	\N	f	\N	\N	{"n": 1}	\N	2026-11-21 16:34:11.774117+00	2026-11-21 16:34:11.774117+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ebf-7bb4-a45c-e977f7bc9de6	Contact	2	contact2@example.com	+49301232	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 2}	\N	2026-11-21 16:34:11.774117+00	2026-11-21 16:34:11.774117+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ebf-7c9c-a9a9-d692e289b50a	Contact	3	contact3@example.com	+49301233	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 3}	\N	2026-11-21 16:34:11.774117+00	2026-11-21 16:34:11.774117+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ebf-7ced-a404-084016e37360	Contact	4	contact4@example.com	+49301234	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 4}	\N	2026-11-21 16:34:11.774117+00	2026-11-21 16:34:11.774117+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ebf-7d2d-9861-d1b13ded8844	Contact	5	contact5@example.com	+49301235	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 5}	\N	2026-11-21 16:34:11.774117+00	2026-11-21 16:34:11.774117+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ebf-7d69-bbda-fd79daacbf50	Contact	6	contact6@example.com	+49301236	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 6}	\N	2026-11-21 16:34:11.774117+00	2026-11-21 16:34:11.774117+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ebf-7da4-b78b-00b7c64b0fb4	Contact	7	contact7@example.com	+49301237	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 7}	\N	2026-11-21 16:34:11.774117+00	2026-11-21 16:34:11.774117+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ebf-7ddd-bc4f-e7337fbacb96	Contact	8	contact8@example.com	+49301238	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 8}	\N	2026-11-21 16:34:11.774117+00	2026-11-21 16:34:11.774117+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ebf-7e19-9d55-92b88e0cd1b1	Contact	9	contact9@example.com	+49301239	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 9}	2026-11-21 16:34:11.818128+00	2026-11-21 16:34:11.774117+00	2026-11-21 16:34:11.818128+00
\.

COPY campaign.service_types (tenant_id, service_type, name, first_touch_delay, seeded, created_at, updated_at) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	hvac	Heating and cooling	24:00:00	f	2026-11-21 16:34:11.70581+00	2026-11-21 16:34:11.70581+00
01a1fef5-4e7b-7024-a396-8e18056b4153	plumbing	Plumbing	48:00:00	f	2026-11-21 16:34:11.70581+00	2026-11-21 16:34:11.70581+00
01a1fef5-4e7b-7024-a396-8e18056b4153	electrical	Electrical	24:00:00	f	2026-11-21 16:34:11.70581+00	2026-11-21 16:34:11.70581+00
01a1fef5-4e7b-7024-a396-8e18056b4153	cleaning	Cleaning	04:00:00	f	2026-11-21 16:34:11.70581+00	2026-11-21 16:34:11.70581+00
01a1fef5-4e7b-7024-a396-8e18056b4153	roofing	Roofing	72:00:00	f	2026-11-21 16:34:11.70581+00	2026-11-21 16:34:11.70581+00
01a1fef5-4e7b-7024-a396-8e18056b4153	painting	Painting	48:00:00	f	2026-11-21 16:34:11.70581+00	2026-11-21 16:34:11.70581+00
01a1fef5-4e7b-7024-a396-8e18056b4153	handyman	Handyman	24:00:00	f	2026-11-21 16:34:11.70581+00	2026-11-21 16:34:11.70581+00
01a1fef5-4e7b-7024-a396-8e18056b4153	other	Other	24:00:00	f	2026-11-21 16:34:11.70581+00	2026-11-21 16:34:11.70581+00
01a1fef5-4e90-75a2-9cd3-6a4e5f48c542	hvac	Heating and cooling	24:00:00	f	2026-11-21 16:34:11.727705+00	2026-11-21 16:34:11.727705+00
01a1fef5-4e90-75a2-9cd3-6a4e5f48c542	plumbing	Plumbing	48:00:00	f	2026-11-21 16:34:11.727705+00	2026-11-21 16:34:11.727705+00
01a1fef5-4e90-75a2-9cd3-6a4e5f48c542	electrical	Electrical	24:00:00	f	2026-11-21 16:34:11.727705+00	2026-11-21 16:34:11.727705+00
01a1fef5-4e90-75a2-9cd3-6a4e5f48c542	cleaning	Cleaning	04:00:00	f	2026-11-21 16:34:11.727705+00	2026-11-21 16:34:11.727705+00
01a1fef5-4e90-75a2-9cd3-6a4e5f48c542	roofing	Roofing	72:00:00	f	2026-11-21 16:34:11.727705+00	2026-11-21 16:34:11.727705+00
01a1fef5-4e90-75a2-9cd3-6a4e5f48c542	painting	Painting	48:00:00	f	2026-11-21 16:34:11.727705+00	2026-11-21 16:34:11.727705+00
01a1fef5-4e90-75a2-9cd3-6a4e5f48c542	handyman	Handyman	24:00:00	f	2026-11-21 16:34:11.727705+00	2026-11-21 16:34:11.727705+00
01a1fef5-4e90-75a2-9cd3-6a4e5f48c542	other	Other	24:00:00	f	2026-11-21 16:34:11.727705+00	2026-11-21 16:34:11.727705+00
\.

COPY campaign.jobs (tenant_id, id, contact_id, service_type, status, completed_at, campaign_override, external_id, created_at, updated_at) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f97-792c-81d4-0f3bd5d2e775	01a1fef5-4ebf-7ddd-bc4f-e7337fbacb96	plumbing	scheduled	\N	\N	job 8	2026-11-21 16:34:11.990459+00	2026-11-21 16:34:11.990459+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f97-7091-93ab-22a62c46226c	01a1fef5-4ebe-7e28-b1e7-777e6165d538	plumbing	completed	2026-11-19 16:34:11.999046+00	\N	job 1	2026-11-21 16:34:11.990459+00	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f97-77f1-947d-0c56e8130fb4	01a1fef5-4ebf-7bb4-a45c-e977f7bc9de6	plumbing	completed	2026-11-19 16:34:11.999046+00	\N	job 2	2026-11-21 16:34:11.990459+00	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f97-783d-835d-734a6463f815	01a1fef5-4ebf-7c9c-a9a9-d692e289b50a	plumbing	completed	2026-11-19 16:34:11.999046+00	\N	job 3	2026-11-21 16:34:11.990459+00	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f97-78b7-8d97-e7b375bf6267	01a1fef5-4ebf-7ced-a404-084016e37360	plumbing	completed	2026-11-19 16:34:11.999046+00	\N	job 4	2026-11-21 16:34:11.990459+00	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f97-78df-b87b-dd8934db0e8b	01a1fef5-4ebf-7d2d-9861-d1b13ded8844	plumbing	completed	2026-11-19 16:34:11.999046+00	\N	job 5	2026-11-21 16:34:11.990459+00	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f97-78f9-a581-cca8e9295554	01a1fef5-4ebf-7d69-bbda-fd79daacbf50	plumbing	completed	2026-11-19 16:34:11.999046+00	\N	job 6	2026-11-21 16:34:11.990459+00	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f97-7913-80a9-8ce0f71903bf	01a1fef5-4ebf-7da4-b78b-00b7c64b0fb4	plumbing	completed	2026-11-19 16:34:11.999046+00	\N	job 7	2026-11-21 16:34:11.990459+00	2026-11-21 16:34:11.999046+00
\.

COPY campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, job_id, plan_version, status, stop_reason, anchor_at, first_scheduled_at, enrolled_at, completed_at, stopped_at) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fa2-700d-a3eb-83be44dd89c2	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4ebe-7e28-b1e7-777e6165d538	01a1fef5-4f97-7091-93ab-22a62c46226c	1	active	\N	2026-11-19 16:34:11.999046+00	2026-11-20 16:34:11.999046+00	2026-11-21 16:34:11.999046+00	\N	\N
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fc8-732e-9838-104687465050	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4ebf-7bb4-a45c-e977f7bc9de6	01a1fef5-4f97-77f1-947d-0c56e8130fb4	1	active	\N	2026-11-19 16:34:11.999046+00	2026-11-20 16:34:11.999046+00	2026-11-21 16:34:11.999046+00	\N	\N
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fdd-7c0e-bea0-cf1a03bb6d3f	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4ebf-7c9c-a9a9-d692e289b50a	01a1fef5-4f97-783d-835d-734a6463f815	1	active	\N	2026-11-19 16:34:11.999046+00	2026-11-20 16:34:11.999046+00	2026-11-21 16:34:11.999046+00	\N	\N
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fdf-7eba-bf7a-3fd9e8c89db5	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4ebf-7ced-a404-084016e37360	01a1fef5-4f97-78b7-8d97-e7b375bf6267	1	active	\N	2026-11-19 16:34:11.999046+00	2026-11-20 16:34:11.999046+00	2026-11-21 16:34:11.999046+00	\N	\N
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ff6-7bff-a86e-93c945610817	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4ebf-7d2d-9861-d1b13ded8844	01a1fef5-4f97-78df-b87b-dd8934db0e8b	1	active	\N	2026-11-19 16:34:11.999046+00	2026-11-20 16:34:11.999046+00	2026-11-21 16:34:11.999046+00	\N	\N
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-500c-740b-98eb-5eb7133ed6c5	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4ebf-7da4-b78b-00b7c64b0fb4	01a1fef5-4f97-7913-80a9-8ce0f71903bf	1	active	\N	2026-11-19 16:34:11.999046+00	2026-11-20 16:34:11.999046+00	2026-11-21 16:34:11.999046+00	\N	\N
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-5023-7034-a085-b8790b9fbc11	01a1fef5-4f5b-7d39-bb45-f6585e501409	01a1fef5-4ebf-7ddd-bc4f-e7337fbacb96	\N	1	active	\N	2026-11-21 16:34:12.130167+00	2026-11-21 16:34:12.130167+00	2026-11-21 16:34:12.130167+00	\N	\N
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ff9-719e-80ea-e905edb80572	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4ebf-7d69-bbda-fd79daacbf50	01a1fef5-4f97-78f9-a581-cca8e9295554	1	stopped	owner_stopped	2026-11-19 16:34:11.999046+00	2026-11-20 16:34:11.999046+00	2026-11-21 16:34:11.999046+00	\N	2026-11-21 16:34:12.418121+00
\.

COPY campaign.campaign_templates (tenant_id, id, name, description, template_config, default_config, seeded, created_at, updated_at) FROM stdin;
00000000-0000-0000-0000-000000000000	01a1fef5-4e9f-70f1-aab4-f01012991877	Imported	\N	[{"step": 1, "label": "Imported", "channel": "email", "delay_hours": 1}]	{}	f	2026-11-21 16:34:11.742577+00	2026-11-21 16:34:11.742577+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4eb7-796b-96af-dcaa72adae94	Fax only	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a1fef5-4eab-7e38-a1b8-70dd2f202cd8"}]	{}	f	2026-11-21 16:34:11.767288+00	2026-11-21 16:34:11.767288+00
\.

COPY campaign.channels (channel, name, has_subject, has_body, body_limit, address_kind, consent, uncertain_policy, uncertain_wait, seeded) FROM stdin;
x_fax	Fax	f	t	500	phone	not_opted_out	operator	\N	f
\.

COPY campaign.message_templates (tenant_id, id, channel, service_type, name, subject, body, body_html, is_default, archived_at, copied_from, seeded, created_at, updated_at) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4eab-7e38-a1b8-70dd2f202cd8	x_fax	\N	Fax	\N	Dear {{contact.first_name}},\n\tthank you.\n\\.	\N	f	\N	\N	f	2026-11-21 16:34:11.75554+00	2026-11-21 16:34:11.75554+00
\.

COPY campaign.outreach_campaigns (tenant_id, campaign_id, audience, service_type, template_config, plan_version, max_attempts, is_matching, owner_member, language, created_at, updated_at) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	jobs	\N	[{"step": 1, "label": "Review request", "channel": "email", "delay_hours": 24, "use_service_delay": false}, {"step": 2, "label": "Reminder", "channel": "email", "delay_hours": 72}, {"step": 3, "label": "Last reminder", "channel": "sms", "delay_hours": 168}]	1	4	t	regress_dump_ada	\N	2026-11-21 16:34:11.825184+00	2026-11-21 16:34:11.888167+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f5b-7d39-bb45-f6585e501409	contacts	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a1fef5-4eab-7e38-a1b8-70dd2f202cd8"}]	1	4	t	regress_dump_ada	\N	2026-11-21 16:34:11.931554+00	2026-11-21 16:34:11.948768+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f7e-74c2-9731-43aa1edf78b7	contacts	\N	[{"step": 1, "label": "Hello again", "channel": "email", "delay_hours": 2}]	2	4	f	regress_dump_ada	\N	2026-11-21 16:34:11.96613+00	2026-11-21 16:34:11.978124+00
\.

COPY campaign.campaign_touches (tenant_id, campaign_id, plan_version, touch_number, step, channel, label, delay, use_service_delay, condition, on_failure, max_lateness, late, template_id, subject, body, body_html, needs_pdf, variant_count, attachments, config) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	1	1	1	email	Review request	24:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	1	2	2	email	Reminder	72:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	1	3	3	sms	Last reminder	168:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f5b-7d39-bb45-f6585e501409	1	1	1	x_fax	Fax	00:00:00	f	always	advance	\N	\N	01a1fef5-4eab-7e38-a1b8-70dd2f202cd8	\N	\N	\N	f	1	{}	{}
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f7e-74c2-9731-43aa1edf78b7	1	1	1	email	Hello	01:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f7e-74c2-9731-43aa1edf78b7	2	1	1	email	Hello again	02:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
\.

COPY campaign.consents (tenant_id, contact_id, channel, state, at, source, method) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ebe-7e28-b1e7-777e6165d538	sms	opted_in	2026-11-21 16:34:11.787656+00	form	checkbox
\.

COPY campaign.enrollment_conflicts (tenant_id, id, contact_id, campaign_id, job_id, live_enrollment_id, at) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-5014-7e07-8ef8-2a6f22ca1d34	01a1fef5-4ebe-7e28-b1e7-777e6165d538	01a1fef5-4f5b-7d39-bb45-f6585e501409	\N	01a1fef5-4fa2-700d-a3eb-83be44dd89c2	2026-11-21 16:34:12.115383+00
\.

COPY campaign.job_enrollments (tenant_id, id, job_id, campaign_id, enrollment_id, outcome, reason, at) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fb1-7943-b637-19a5a42302f6	01a1fef5-4f97-7091-93ab-22a62c46226c	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4fa2-700d-a3eb-83be44dd89c2	enrolled	\N	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fc8-7eb0-b2f4-1cb8dc5eb6b9	01a1fef5-4f97-77f1-947d-0c56e8130fb4	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4fc8-732e-9838-104687465050	enrolled	\N	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fde-7980-92a9-e3ba4ca695c9	01a1fef5-4f97-783d-835d-734a6463f815	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4fdd-7c0e-bea0-cf1a03bb6d3f	enrolled	\N	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fe0-7761-b24c-27f09da55303	01a1fef5-4f97-78b7-8d97-e7b375bf6267	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4fdf-7eba-bf7a-3fd9e8c89db5	enrolled	\N	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ff7-79b4-8377-cc4a779915f4	01a1fef5-4f97-78df-b87b-dd8934db0e8b	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4ff6-7bff-a86e-93c945610817	enrolled	\N	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ff9-7c2f-9c39-d0cf9558ad59	01a1fef5-4f97-78f9-a581-cca8e9295554	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4ff9-719e-80ea-e905edb80572	enrolled	\N	2026-11-21 16:34:11.999046+00
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-500c-7b87-a5eb-0aaaa364c25a	01a1fef5-4f97-7913-80a9-8ce0f71903bf	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-500c-740b-98eb-5eb7133ed6c5	enrolled	\N	2026-11-21 16:34:11.999046+00
\.

COPY campaign.lanes (tenant_id, lane, campaign_id, channel, paused) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	1	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	email	f
01a1fef5-4e7b-7024-a396-8e18056b4153	2	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	sms	f
01a1fef5-4e7b-7024-a396-8e18056b4153	4	01a1fef5-4f7e-74c2-9731-43aa1edf78b7	email	t
01a1fef5-4e7b-7024-a396-8e18056b4153	3	01a1fef5-4f5b-7d39-bb45-f6585e501409	x_fax	t
\.

COPY campaign.life_cycle_log (tenant_id, id, machine, relation, entity_id, at, from_state, to_state, actor, reason) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f31-7db6-b486-6fbd37b2a750	outreach	campaign.campaigns	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	2026-11-21 16:34:11.889883+00	draft	ready	regress_dump_ada	launch
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f38-7dfa-891b-4d6e0c81ba5f	outreach	campaign.campaigns	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	2026-11-21 16:34:11.896907+00	ready	running	regress_dump_ada	launch
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f6d-76df-911b-d44894498e09	outreach	campaign.campaigns	01a1fef5-4f5b-7d39-bb45-f6585e501409	2026-11-21 16:34:11.94946+00	draft	ready	regress_dump_ada	launch
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4f6e-7103-96bd-3f5dd8f26e60	outreach	campaign.campaigns	01a1fef5-4f5b-7d39-bb45-f6585e501409	2026-11-21 16:34:11.950097+00	ready	running	regress_dump_ada	launch
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-514b-73c6-979d-e7bd0900de73	outreach	campaign.campaigns	01a1fef5-4f5b-7d39-bb45-f6585e501409	2026-11-21 16:34:12.427265+00	running	paused	regress_dump_ada	holidays
\.

COPY campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) FROM stdin;
x_ticket	open	0	t	f	Somebody waits.	f
x_ticket	closed	0	f	t	Nobody does.	f
\.

COPY campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) FROM stdin;
x_ticket	open	closed	answered	f
\.

COPY campaign.send_logs (tenant_id, id, campaign_id, enrollment_id, contact_id, template_id, touch_number, attempt, plan_version, fence, worker_id, is_final, advanced, channel, status, scheduled_at, claimed_at, sent_at, logged_at, address, subject, provider_id, reason, error, metadata) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-50d4-742f-915d-669f3b5609a4	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4fa2-700d-a3eb-83be44dd89c2	01a1fef5-4ebe-7e28-b1e7-777e6165d538	00000000-0000-8000-8001-000000000002	1	1	1	8251050783425983080	-7026996463852375514	t	t	email	sent	2026-11-20 16:34:11.999046+00	2026-11-21 16:34:12.13664+00	2026-11-21 16:34:12.286416+00	2026-11-21 16:34:12.286416+00	contact1@example.com	Is everything flowing as it should?	provider 1	\N	\N	\N
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-50e8-72ce-ac28-db9dd8f1ed52	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4fc8-732e-9838-104687465050	01a1fef5-4ebf-7bb4-a45c-e977f7bc9de6	00000000-0000-8000-8001-000000000002	1	1	1	-8034679668429357354	-7026996463852375514	f	f	email	failed	2026-11-20 16:34:11.999046+00	2026-11-21 16:34:12.13664+00	\N	2026-11-21 16:34:12.32612+00	contact2@example.com	Is everything flowing as it should?	\N	\N	mailbox is busy	\N
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-50f8-712e-bd88-470d0b97afb9	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4fdd-7c0e-bea0-cf1a03bb6d3f	01a1fef5-4ebf-7c9c-a9a9-d692e289b50a	00000000-0000-8000-8001-000000000002	1	1	1	751280772044389200	-7026996463852375514	t	t	email	failed	2026-11-20 16:34:11.999046+00	2026-11-21 16:34:12.13664+00	\N	2026-11-21 16:34:12.342119+00	contact3@example.com	Is everything flowing as it should?	\N	\N	no such mailbox	\N
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-510d-79d8-88e2-6bdebabc0b43	01a1fef5-4ef1-7ef9-aaf1-5ca1e9cd166c	01a1fef5-4ff6-7bff-a86e-93c945610817	01a1fef5-4ebf-7d2d-9861-d1b13ded8844	00000000-0000-8000-8001-000000000002	1	1	1	-66387945647006370	-7026996463852375514	t	t	email	failed	2026-11-20 16:34:11.999046+00	2026-11-21 16:34:12.13664+00	\N	2026-11-21 16:34:12.361669+00	contact5@example.com	Is everything flowing as it should?	\N	\N	no such mailbox either	\N
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-514e-77a2-a742-76e8b5c2f6f6	\N	\N	01a1fef5-4ebf-7bb4-a45c-e977f7bc9de6	\N	\N	\N	\N	\N	\N	t	f	email	sent	\N	\N	2026-11-21 16:34:12.430143+00	2026-11-21 16:34:12.430143+00	contact2@example.com	Called back	\N	\N	\N	\N
\.

COPY campaign.suppressions (tenant_id, address, reason, at, note) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	nobody@example.com	unsubscribe	2026-11-21 16:34:11.804051+00	asked by phone
\.

COPY campaign.tenant_members (tenant_id, member, role, created_at) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	regress_dump_ada	owner	2026-11-21 16:34:11.70581+00
01a1fef5-4e90-75a2-9cd3-6a4e5f48c542	regress_dump_bob	owner	2026-11-21 16:34:11.727705+00
01a1fef5-4e7b-7024-a396-8e18056b4153	regress_dump_bob	viewer	2026-11-21 16:34:11.747001+00
\.

COPY campaign.touch_queue (tenant_id, enrollment_id, due_at, scheduled_at, lease_until, claimed_at, fence, worker_id, lane, touch_number, attempt, attempt_base, resume_touch, flags) FROM stdin;
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-500c-740b-98eb-5eb7133ed6c5	2026-11-20 16:34:11.999046+00	2026-11-20 16:34:11.999046+00	2026-11-21 16:39:12.271587+00	2026-11-21 16:34:12.13664+00	7933592273061100952	-7026996463852375514	1	1	1	0	0	0
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fa2-700d-a3eb-83be44dd89c2	2026-11-23 16:34:11.999046+00	2026-11-23 16:34:11.999046+00	-infinity	-infinity	0	0	1	2	0	0	0	0
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fc8-732e-9838-104687465050	2026-11-21 16:35:18.417263+00	2026-11-20 16:34:11.999046+00	-infinity	-infinity	0	0	1	1	1	0	0	0
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fdd-7c0e-bea0-cf1a03bb6d3f	2026-11-23 16:34:11.999046+00	2026-11-23 16:34:11.999046+00	-infinity	-infinity	0	0	1	2	0	0	0	0
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4fdf-7eba-bf7a-3fd9e8c89db5	2026-11-20 16:34:11.999046+00	2026-11-20 16:34:11.999046+00	2026-11-21 16:39:12.234042+00	2026-11-21 16:34:12.13664+00	-409887837759902194	-7026996463852375514	1	1	1	0	0	1
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-5023-7034-a085-b8790b9fbc11	2026-11-21 16:34:12.130167+00	2026-11-21 16:34:12.130167+00	2026-11-21 15:39:12.384409+00	2026-11-21 16:34:12.382122+00	-2134390856789543267	-7710089125918769488	3	1	1	0	0	1
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ff6-7bff-a86e-93c945610817	2026-11-21 16:34:12.400855+00	2026-11-20 16:34:11.999046+00	-infinity	-infinity	0	0	1	1	1	1	2	0
01a1fef5-4e7b-7024-a396-8e18056b4153	01a1fef5-4ff9-719e-80ea-e905edb80572	infinity	2026-11-20 16:34:11.999046+00	2026-11-21 16:39:12.27111+00	2026-11-21 16:34:12.13664+00	-2317816614642731265	-7026996463852375514	1	1	1	0	0	2
\.

COPY campaign.workers (id, name, first_seen_at) FROM stdin;
-7026996463852375514	worker 1	2026-11-21 16:34:12.147761+00
-7710089125918769488	worker 2	2026-11-21 16:34:12.382411+00
\.

