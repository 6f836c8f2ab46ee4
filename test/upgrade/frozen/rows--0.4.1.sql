-- The rows of a database that fill.sql of 0.4.1 has filled, as pg_dump writes them.

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
regress_dump_ada	member	2026-11-22 08:01:15.670341+00	postgres
regress_dump_bob	member	2026-11-22 08:01:15.71595+00	postgres
regress_dump_worker	worker	2026-11-22 08:01:15.746116+00	postgres
regress_dump_admin	admin	2026-11-22 08:01:15.74856+00	postgres
\.

COPY campaign.tenants (id, name, slug, timezone, sender_name, review_url, link_base_url, min_gap, seeded, created_at, updated_at, quiet_from, quiet_until, conflict_policy, review_cooldown, parallel_sequences, log_retention, overlap_policy) FROM stdin;
01a20246-0ffe-7e25-b6e3-a5c1df103b10	Bob & Sons	bob	America/New_York	\N	\N	\N	01:00:00	f	2026-11-22 08:01:15.774116+00	2026-11-22 08:01:15.774116+00	\N	\N	ask	30 days	f	\N	warn
01a20246-0ff4-7d99-9181-98a62c0a2f89	Ada's Plumbing	ada	Europe/Berlin	Ada	https://reviews.example/ada	https://go.example/	01:00:00	f	2026-11-22 08:01:15.763515+00	2026-11-22 08:01:16.282111+00	00:00:00	00:00:00	ask	30 days	f	\N	block
\.

COPY campaign.blackout_dates (tenant_id, day, name, created_at, updated_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	2000-12-25	Christmas Day	2026-11-22 08:01:15.795658+00	2026-11-22 08:01:15.795658+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	2000-12-26	Boxing\tDay	2026-11-22 08:01:15.795658+00	2026-11-22 08:01:15.795658+00
\.

COPY campaign.campaigns (tenant_id, id, kind, name, description, status, archived_at, external_id, created_by, created_at, updated_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	outreach	Reviews	Two emails and an SMS over eleven days.	running	\N	\N	regress_dump_ada	2026-11-22 08:01:15.825946+00	2026-11-22 08:01:15.849398+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-108c-7477-a973-f393645ccc97	outreach	Draft	\N	draft	\N	\N	regress_dump_ada	2026-11-22 08:01:15.916142+00	2026-11-22 08:01:15.916142+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-109c-7585-bc28-72633b980d4b	outreach	Draft (Copy)	\N	draft	\N	\N	regress_dump_ada	2026-11-22 08:01:15.931322+00	2026-11-22 08:01:15.931322+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1072-7df0-bb19-563b4e2406ff	outreach	Fax	\N	paused	\N	\N	regress_dump_ada	2026-11-22 08:01:15.890562+00	2026-11-22 08:01:16.066118+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-115e-7441-bfc5-04ffe53f4a3d	outreach	Assigned	\N	generating	\N	\N	regress_dump_ada	2026-11-22 08:01:16.126094+00	2026-11-22 08:01:16.254106+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11ee-7864-a202-5f77dc3ed788	outreach	Later	\N	draft	\N	\N	regress_dump_ada	2026-11-22 08:01:16.270329+00	2026-11-22 08:01:16.270329+00
\.

COPY campaign.companies (tenant_id, id, name, domain, tier, industry, region, size, external_id, attributes, created_at, updated_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-100c-7cc1-82f3-c9357afb6f4b	ACME	\N	\N	\N	\N	\N	\N	{"note": "quotes \\" and \\\\ "}	2026-11-22 08:01:15.788591+00	2026-11-22 08:01:15.788591+00
\.

COPY campaign.contacts (tenant_id, id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, archived_at, created_at, updated_at, quiet_from, quiet_until, erased_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-100d-7c86-9a81-131fc49509cf	Contact	1	contact1@example.com	+49301231	\N	Asia/Tokyo	\N	01a20246-100c-7cc1-82f3-c9357afb6f4b	\N	\N	\N	\N	\N	f	\N	\N	{"n": 1}	\N	2026-11-22 08:01:15.789221+00	2026-11-22 08:01:15.789221+00	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-781a-8c30-21471389f36d	Contact	2	contact2@example.com	+49301232	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 2}	\N	2026-11-22 08:01:15.789221+00	2026-11-22 08:01:15.789221+00	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-78c4-a611-50d8ec9c5bd1	Contact	3	contact3@example.com	+49301233	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 3}	\N	2026-11-22 08:01:15.789221+00	2026-11-22 08:01:15.789221+00	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-78fd-8ab3-88bd517bf2a7	Contact	4	contact4@example.com	+49301234	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 4}	\N	2026-11-22 08:01:15.789221+00	2026-11-22 08:01:15.789221+00	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-7927-8042-12022fb7d813	Contact	5	contact5@example.com	+49301235	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 5}	\N	2026-11-22 08:01:15.789221+00	2026-11-22 08:01:15.789221+00	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-794c-9769-faaeede64bb2	Contact	6	contact6@example.com	+49301236	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 6}	\N	2026-11-22 08:01:15.789221+00	2026-11-22 08:01:15.789221+00	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-7970-9a84-3b793ee226dd	Contact	7	contact7@example.com	+49301237	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 7}	\N	2026-11-22 08:01:15.789221+00	2026-11-22 08:01:15.789221+00	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-7995-bc2e-5a9a678069de	Contact	8	contact8@example.com	+49301238	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 8}	\N	2026-11-22 08:01:15.789221+00	2026-11-22 08:01:15.789221+00	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-79bb-b48a-ab72c8b6fe8d	Contact	9	contact9@example.com	+49301239	\N	Asia/Tokyo	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{"n": 9}	2026-11-22 08:01:15.810112+00	2026-11-22 08:01:15.789221+00	2026-11-22 08:01:15.810112+00	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11fb-73f8-a1ed-72fb673e4c96	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	f	\N	\N	{}	2026-11-22 08:01:16.290121+00	2026-11-22 08:01:16.282903+00	2026-11-22 08:01:16.290121+00	\N	\N	2026-11-22 08:01:16.290121+00
\.

COPY campaign.service_types (tenant_id, service_type, name, first_touch_delay, seeded, created_at, updated_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	hvac	Heating and cooling	24:00:00	f	2026-11-22 08:01:15.763515+00	2026-11-22 08:01:15.763515+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	plumbing	Plumbing	48:00:00	f	2026-11-22 08:01:15.763515+00	2026-11-22 08:01:15.763515+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	electrical	Electrical	24:00:00	f	2026-11-22 08:01:15.763515+00	2026-11-22 08:01:15.763515+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	cleaning	Cleaning	04:00:00	f	2026-11-22 08:01:15.763515+00	2026-11-22 08:01:15.763515+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	roofing	Roofing	72:00:00	f	2026-11-22 08:01:15.763515+00	2026-11-22 08:01:15.763515+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	painting	Painting	48:00:00	f	2026-11-22 08:01:15.763515+00	2026-11-22 08:01:15.763515+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	handyman	Handyman	24:00:00	f	2026-11-22 08:01:15.763515+00	2026-11-22 08:01:15.763515+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	other	Other	24:00:00	f	2026-11-22 08:01:15.763515+00	2026-11-22 08:01:15.763515+00
01a20246-0ffe-7e25-b6e3-a5c1df103b10	hvac	Heating and cooling	24:00:00	f	2026-11-22 08:01:15.774116+00	2026-11-22 08:01:15.774116+00
01a20246-0ffe-7e25-b6e3-a5c1df103b10	plumbing	Plumbing	48:00:00	f	2026-11-22 08:01:15.774116+00	2026-11-22 08:01:15.774116+00
01a20246-0ffe-7e25-b6e3-a5c1df103b10	electrical	Electrical	24:00:00	f	2026-11-22 08:01:15.774116+00	2026-11-22 08:01:15.774116+00
01a20246-0ffe-7e25-b6e3-a5c1df103b10	cleaning	Cleaning	04:00:00	f	2026-11-22 08:01:15.774116+00	2026-11-22 08:01:15.774116+00
01a20246-0ffe-7e25-b6e3-a5c1df103b10	roofing	Roofing	72:00:00	f	2026-11-22 08:01:15.774116+00	2026-11-22 08:01:15.774116+00
01a20246-0ffe-7e25-b6e3-a5c1df103b10	painting	Painting	48:00:00	f	2026-11-22 08:01:15.774116+00	2026-11-22 08:01:15.774116+00
01a20246-0ffe-7e25-b6e3-a5c1df103b10	handyman	Handyman	24:00:00	f	2026-11-22 08:01:15.774116+00	2026-11-22 08:01:15.774116+00
01a20246-0ffe-7e25-b6e3-a5c1df103b10	other	Other	24:00:00	f	2026-11-22 08:01:15.774116+00	2026-11-22 08:01:15.774116+00
\.

COPY campaign.outreach_campaigns (tenant_id, campaign_id, audience, service_type, template_config, plan_version, max_attempts, is_matching, owner_member, language, created_at, updated_at, resume_policy, generation_config, sender_config, scheduled_launch_at, launch_error, launch_outcome, exported_at, launch_lowers) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	jobs	\N	[{"step": 1, "label": "Review request", "channel": "email", "delay_hours": 24, "use_service_delay": false}, {"step": 2, "label": "Reminder", "channel": "email", "delay_hours": 72}, {"step": 3, "label": "Last reminder", "channel": "sms", "delay_hours": 168}]	1	4	t	regress_dump_ada	\N	2026-11-22 08:01:15.825946+00	2026-11-22 08:01:15.849398+00	keep	{"tone": "professional", "language": "en"}	{}	\N	\N	\N	\N	f
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1072-7df0-bb19-563b4e2406ff	contacts	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a20246-100a-79d1-9ff9-781dfd64dc67"}]	1	4	t	regress_dump_ada	\N	2026-11-22 08:01:15.890562+00	2026-11-22 08:01:15.898187+00	keep	{}	{}	\N	\N	\N	\N	f
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-108c-7477-a973-f393645ccc97	contacts	\N	[{"step": 1, "label": "Hello again", "channel": "email", "delay_hours": 2}]	2	4	f	regress_dump_ada	\N	2026-11-22 08:01:15.916142+00	2026-11-22 08:01:15.930107+00	keep	{"tone": "friendly", "proof_points": ["quotes \\" and \\\\ "]}	{"from_email": "ada@example.com", "active_hours": {"end": "17:30", "start": "09:00"}}	\N	\N	\N	\N	f
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-109c-7585-bc28-72633b980d4b	contacts	\N	[{"step": 1, "label": "Hello again", "channel": "email", "delay_hours": 2}]	1	4	f	regress_dump_ada	\N	2026-11-22 08:01:15.931322+00	2026-11-22 08:01:15.931322+00	keep	{"tone": "friendly", "proof_points": ["quotes \\" and \\\\ "]}	{"from_email": "ada@example.com", "active_hours": {"end": "17:30", "start": "09:00"}}	\N	\N	\N	\N	f
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-115e-7441-bfc5-04ffe53f4a3d	assigned	\N	[{"step": 1, "label": "Hello", "channel": "email", "delay_hours": 1}]	1	4	f	regress_dump_ada	\N	2026-11-22 08:01:16.126094+00	2026-11-22 08:01:16.126094+00	keep	{}	{}	\N	\N	\N	\N	f
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11ee-7864-a202-5f77dc3ed788	contacts	\N	[{"channel": "email", "subject": "Hello", "body_text": "Hello"}]	1	4	f	regress_dump_ada	\N	2026-11-22 08:01:16.270329+00	2026-11-22 08:01:16.273189+00	keep	{}	{}	2099-01-01 00:00:00+00	\N	\N	\N	t
\.

COPY campaign.campaign_contacts (tenant_id, campaign_id, contact_id, status, enrichment_gaps, error, added_at, generated_at, excluded_at, excluded_reason) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-1012-78fd-8ab3-88bd517bf2a7	excluded	{}	\N	2026-11-22 08:01:16.130004+00	\N	2026-11-22 08:01:16.146117+00	asked\tfor it
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-100d-7c86-9a81-131fc49509cf	generated	{}	\N	2026-11-22 08:01:16.130004+00	2026-11-22 08:01:16.204199+00	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-1012-78c4-a611-50d8ec9c5bd1	failed	{company:l1,contact:person}	no answer\t\\	2026-11-22 08:01:16.130004+00	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-1012-781a-8c30-21471389f36d	generating	{company:l1,contact:person}	\N	2026-11-22 08:01:16.130004+00	\N	\N	\N
\.

COPY campaign.jobs (tenant_id, id, contact_id, service_type, status, completed_at, campaign_override, external_id, created_at, updated_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10a5-716a-aef0-cc48216bcc10	01a20246-1012-7995-bc2e-5a9a678069de	plumbing	scheduled	\N	\N	job 8	2026-11-22 08:01:15.940276+00	2026-11-22 08:01:15.940276+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10a4-7ade-9f17-e602ee339b79	01a20246-100d-7c86-9a81-131fc49509cf	plumbing	completed	2026-11-20 08:01:15.946116+00	\N	job 1	2026-11-22 08:01:15.940276+00	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10a5-70ce-ad9b-96b843fe765f	01a20246-1012-781a-8c30-21471389f36d	plumbing	completed	2026-11-20 08:01:15.946116+00	\N	job 2	2026-11-22 08:01:15.940276+00	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10a5-7101-9ba4-e7f4ea6e27ef	01a20246-1012-78c4-a611-50d8ec9c5bd1	plumbing	completed	2026-11-20 08:01:15.946116+00	\N	job 3	2026-11-22 08:01:15.940276+00	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10a5-7119-92ec-e0958846f39c	01a20246-1012-78fd-8ab3-88bd517bf2a7	plumbing	completed	2026-11-20 08:01:15.946116+00	\N	job 4	2026-11-22 08:01:15.940276+00	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10a5-712e-945d-801011d33281	01a20246-1012-7927-8042-12022fb7d813	plumbing	completed	2026-11-20 08:01:15.946116+00	\N	job 5	2026-11-22 08:01:15.940276+00	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10a5-7143-8836-c7f3cffa3bfa	01a20246-1012-794c-9769-faaeede64bb2	plumbing	completed	2026-11-20 08:01:15.946116+00	\N	job 6	2026-11-22 08:01:15.940276+00	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10a5-7157-8406-37db163d3c2d	01a20246-1012-7970-9a84-3b793ee226dd	plumbing	completed	2026-11-20 08:01:15.946116+00	\N	job 7	2026-11-22 08:01:15.940276+00	2026-11-22 08:01:15.946116+00
\.

COPY campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, job_id, plan_version, status, stop_reason, anchor_at, first_scheduled_at, enrolled_at, completed_at, stopped_at, exclusive, base_shift, log_removed_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10af-7f9f-8ed2-e6d4358c1d22	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-100d-7c86-9a81-131fc49509cf	01a20246-10a4-7ade-9f17-e602ee339b79	1	active	\N	2026-11-20 08:01:15.946116+00	2026-11-21 08:01:15.946116+00	2026-11-22 08:01:15.946116+00	\N	\N	t	00:00:00	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10b9-7c72-8994-373f417b5a9b	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-1012-781a-8c30-21471389f36d	01a20246-10a5-70ce-ad9b-96b843fe765f	1	active	\N	2026-11-20 08:01:15.946116+00	2026-11-21 08:01:15.946116+00	2026-11-22 08:01:15.946116+00	\N	\N	t	00:00:00	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10c0-7887-bb5f-54b332e0b5fa	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-1012-78c4-a611-50d8ec9c5bd1	01a20246-10a5-7101-9ba4-e7f4ea6e27ef	1	active	\N	2026-11-20 08:01:15.946116+00	2026-11-21 08:01:15.946116+00	2026-11-22 08:01:15.946116+00	\N	\N	t	00:00:00	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10c7-745a-a0e8-5b2e534c8f80	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-1012-78fd-8ab3-88bd517bf2a7	01a20246-10a5-7119-92ec-e0958846f39c	1	active	\N	2026-11-20 08:01:15.946116+00	2026-11-21 08:01:15.946116+00	2026-11-22 08:01:15.946116+00	\N	\N	t	00:00:00	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10c9-7c07-99d8-78e00dafb4cf	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-1012-7927-8042-12022fb7d813	01a20246-10a5-712e-945d-801011d33281	1	active	\N	2026-11-20 08:01:15.946116+00	2026-11-21 08:01:15.946116+00	2026-11-22 08:01:15.946116+00	\N	\N	t	00:00:00	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10d6-7ac8-a0b7-3feca7b630c0	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-1012-7970-9a84-3b793ee226dd	01a20246-10a5-7157-8406-37db163d3c2d	1	active	\N	2026-11-20 08:01:15.946116+00	2026-11-21 08:01:15.946116+00	2026-11-22 08:01:15.946116+00	\N	\N	t	00:00:00	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10e2-7e82-b769-979915560a6c	01a20246-1072-7df0-bb19-563b4e2406ff	01a20246-1012-7995-bc2e-5a9a678069de	\N	1	active	\N	2026-11-22 08:01:16.00212+00	2026-11-22 08:01:16.00212+00	2026-11-22 08:01:16.00212+00	\N	\N	t	00:00:00	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10d0-7f89-b084-0a98d4adb69d	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-1012-794c-9769-faaeede64bb2	01a20246-10a5-7143-8836-c7f3cffa3bfa	1	stopped	owner_stopped	2026-11-20 08:01:15.946116+00	2026-11-21 08:01:15.946116+00	2026-11-22 08:01:15.946116+00	\N	2026-11-22 08:01:16.058117+00	t	00:00:00	\N
\.

COPY campaign.campaign_templates (tenant_id, id, name, description, template_config, default_config, seeded, created_at, updated_at, version, copied_from, copied_version) FROM stdin;
00000000-0000-0000-0000-000000000000	01a20246-1001-727e-b3e9-6c912a580513	Imported	\N	[{"step": 1, "label": "Imported", "channel": "email", "delay_hours": 1}]	{}	f	2026-11-22 08:01:15.776836+00	2026-11-22 08:01:15.776836+00	1	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-100c-75d1-829e-a69c837b9a3a	Fax only	\N	[{"step": 1, "label": "Fax", "channel": "x_fax", "delay_hours": 0, "template_id": "01a20246-100a-79d1-9ff9-781dfd64dc67"}]	{}	f	2026-11-22 08:01:15.788186+00	2026-11-22 08:01:15.788186+00	1	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10a3-797c-bf24-8b94c0891941	LinkedIn + Email Sequence	Ours	[{"step": 1, "label": "Invitation", "channel": "linkedin_connect", "day_offset": 0}, {"step": 2, "label": "First email", "channel": "email", "day_offset": 3}, {"step": 3, "label": "Second email", "channel": "email", "day_offset": 4}, {"step": 4, "label": "Message with document", "channel": "linkedin_message", "needs_pdf": true, "day_offset": 3}, {"step": 5, "label": "Third email", "channel": "email", "enabled": false, "day_offset": 5}]	{"tone": "professional", "language": "en"}	f	2026-11-22 08:01:15.939175+00	2026-11-22 08:01:15.939961+00	2	00000000-0000-8000-8003-000000000004	1
\.

COPY campaign.channels (channel, name, has_subject, has_body, body_limit, address_kind, consent, uncertain_policy, uncertain_wait, seeded, quiet_from, quiet_until, hourly_limit, contact_interval) FROM stdin;
x_fax	Fax	f	t	500	phone	not_opted_out	operator	\N	f	21:00:00	08:00:00	\N	01:00:00
\.

COPY campaign.message_templates (tenant_id, id, channel, service_type, name, subject, body, body_html, is_default, archived_at, copied_from, seeded, created_at, updated_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-100a-79d1-9ff9-781dfd64dc67	x_fax	\N	Fax	\N	Dear {{contact.first_name}},\n\tthank you.\n\\.	\N	f	\N	\N	f	2026-11-22 08:01:15.786107+00	2026-11-22 08:01:15.786107+00
\.

COPY campaign.campaign_touches (tenant_id, campaign_id, plan_version, touch_number, step, channel, label, delay, use_service_delay, condition, on_failure, max_lateness, late, template_id, subject, body, body_html, needs_pdf, variant_count, attachments, config) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	1	1	1	email	Review request	24:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	1	2	2	email	Reminder	72:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	1	3	3	sms	Last reminder	168:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1072-7df0-bb19-563b4e2406ff	1	1	1	x_fax	Fax	00:00:00	f	always	advance	\N	\N	01a20246-100a-79d1-9ff9-781dfd64dc67	\N	\N	\N	f	1	{}	{}
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-108c-7477-a973-f393645ccc97	1	1	1	email	Hello	01:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-108c-7477-a973-f393645ccc97	2	1	1	email	Hello again	02:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-109c-7585-bc28-72633b980d4b	1	1	1	email	Hello again	02:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-115e-7441-bfc5-04ffe53f4a3d	1	1	1	email	Hello	01:00:00	f	always	advance	\N	\N	\N	\N	\N	\N	f	1	{}	{}
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11ee-7864-a202-5f77dc3ed788	1	1	1	email	Email	00:00:00	f	always	advance	\N	\N	\N	Hello	Hello	\N	f	1	{}	{}
\.

COPY campaign.consents (tenant_id, contact_id, channel, state, at, source, method) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-100d-7c86-9a81-131fc49509cf	sms	opted_in	2026-11-22 08:01:15.796377+00	form	checkbox
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-78c4-a611-50d8ec9c5bd1	sms	opted_out	2026-11-22 08:01:16.092174+00	event	unsubscribed
\.

COPY campaign.contact_cooldowns (tenant_id, channel, cooldown, created_at, updated_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	x_fax	10 days	2026-11-22 08:01:16.118104+00	2026-11-22 08:01:16.118104+00
\.

COPY campaign.contact_tags (tenant_id, contact_id, tag, at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-100d-7c86-9a81-131fc49509cf	batch 7	2026-11-22 08:01:16.110227+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-781a-8c30-21471389f36d	batch 7	2026-11-22 08:01:16.110227+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-78c4-a611-50d8ec9c5bd1	batch 7	2026-11-22 08:01:16.110227+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-78fd-8ab3-88bd517bf2a7	batch 7	2026-11-22 08:01:16.110227+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-100d-7c86-9a81-131fc49509cf	quotes " and \\"	2026-11-22 08:01:16.110227+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-781a-8c30-21471389f36d	quotes " and \\"	2026-11-22 08:01:16.110227+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-78c4-a611-50d8ec9c5bd1	quotes " and \\"	2026-11-22 08:01:16.110227+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1012-78fd-8ab3-88bd517bf2a7	quotes " and \\"	2026-11-22 08:01:16.110227+00
\.

COPY campaign.count_folds (tenant_id, folded_at) FROM stdin;
01a20246-0ffe-7e25-b6e3-a5c1df103b10	-infinity
01a20246-0ff4-7d99-9181-98a62c0a2f89	2026-11-22 08:01:16.03472+00
\.

COPY campaign.daily_counts (tenant_id, campaign_id, day, metric, n) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	2026-11-22	enrolled	7
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1072-7df0-bb19-563b4e2406ff	2026-11-22	enrolled	1
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	2026-11-22	failed	1
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	2026-11-22	sent	1
\.

COPY campaign.enrollment_conflicts (tenant_id, id, contact_id, campaign_id, job_id, live_enrollment_id, at, anchor_at, policy, resolve_after, resolution, reason, resolved_at, resolved_by, enrollment_id) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10db-7ac4-8d8e-069cf71ed17a	01a20246-100d-7c86-9a81-131fc49509cf	01a20246-1072-7df0-bb19-563b4e2406ff	\N	01a20246-10af-7f9f-8ed2-e6d4358c1d22	2026-11-22 08:01:15.994109+00	\N	ask	2026-11-23 08:01:15.994109+00	\N	\N	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10e3-7f35-9a62-d53f88937136	01a20246-1012-781a-8c30-21471389f36d	01a20246-1072-7df0-bb19-563b4e2406ff	\N	01a20246-10b9-7c72-8994-373f417b5a9b	2026-11-22 08:01:16.003369+00	\N	ask	2026-11-23 08:01:16.003369+00	skipped	\N	2026-11-22 08:01:16.004436+00	regress_dump_ada	\N
\.

COPY campaign.entity_stages (tenant_id, entity_kind, entity_id, stage, status, at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	contact	01a20246-100d-7c86-9a81-131fc49509cf	person	completed	2026-11-22 08:01:16.118781+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	company	01a20246-100c-7cc1-82f3-c9357afb6f4b	l1	completed	2026-11-22 08:01:16.118781+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	contact	01a20246-1012-781a-8c30-21471389f36d	person	failed	2026-11-22 08:01:16.118781+00
\.

COPY campaign.generation_budgets (tenant_id, mode, amount_usd, period, message_price_usd, created_at, updated_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	soft	10.000000	month	0.001440	2026-11-22 08:01:16.163349+00	2026-11-22 08:01:16.163349+00
\.

COPY campaign.generation_costs (tenant_id, id, campaign_id, contact_id, job_id, fence, touch_number, variant, model, tokens_in, tokens_out, usd, at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11b2-7f9d-a619-5153f55c4b75	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-100d-7c86-9a81-131fc49509cf	01a20246-1194-73dc-b792-46ad12ef3074	1514862957869405413	\N	\N	m	800	200	0.001440	2026-11-22 08:01:16.204199+00
\.

COPY campaign.generation_jobs (tenant_id, id, campaign_id, status, plan_version, include_unready, regenerate, price_usd, reserved_usd, started_by, started_at, ended_at, end_reason) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1194-73dc-b792-46ad12ef3074	01a20246-115e-7441-bfc5-04ffe53f4a3d	finished	1	t	f	0.001440	0.004320	regress_dump_ada	2026-11-22 08:01:16.172566+00	2026-11-22 08:01:16.221959+00	finished: 1 generated, 2 failed, 0 excluded
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11e0-74d1-959a-668f4750dd97	01a20246-115e-7441-bfc5-04ffe53f4a3d	running	1	f	f	0.001440	0.002880	regress_dump_ada	2026-11-22 08:01:16.254106+00	\N	\N
\.

COPY campaign.generation_items (tenant_id, job_id, contact_id, campaign_id, reserved_usd, lease_until, fence, worker, attempts, outcome, error, ended_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1194-73dc-b792-46ad12ef3074	01a20246-100d-7c86-9a81-131fc49509cf	01a20246-115e-7441-bfc5-04ffe53f4a3d	0.001440	-infinity	1514862957869405413	w	1	generated	\N	2026-11-22 08:01:16.204199+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1194-73dc-b792-46ad12ef3074	01a20246-1012-781a-8c30-21471389f36d	01a20246-115e-7441-bfc5-04ffe53f4a3d	0.001440	-infinity	3526599942230909459	w	1	failed	no answer\t\\	2026-11-22 08:01:16.221959+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1194-73dc-b792-46ad12ef3074	01a20246-1012-78c4-a611-50d8ec9c5bd1	01a20246-115e-7441-bfc5-04ffe53f4a3d	0.001440	-infinity	-8809583736737929842	w	1	failed	no answer\t\\	2026-11-22 08:01:16.221959+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11e0-74d1-959a-668f4750dd97	01a20246-1012-78c4-a611-50d8ec9c5bd1	01a20246-115e-7441-bfc5-04ffe53f4a3d	0.001440	-infinity	0	\N	0	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11e0-74d1-959a-668f4750dd97	01a20246-1012-781a-8c30-21471389f36d	01a20246-115e-7441-bfc5-04ffe53f4a3d	0.001440	2026-11-22 08:11:16.263526+00	5223714090070889754	w	1	\N	\N	\N
\.

COPY campaign.job_enrollments (tenant_id, id, job_id, campaign_id, enrollment_id, outcome, reason, at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10b7-7e1b-9a2f-9ca08cecc909	01a20246-10a4-7ade-9f17-e602ee339b79	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-10af-7f9f-8ed2-e6d4358c1d22	enrolled	\N	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10bf-707c-8ea7-1f7e3ff3e5fc	01a20246-10a5-70ce-ad9b-96b843fe765f	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-10b9-7c72-8994-373f417b5a9b	enrolled	\N	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10c1-775e-8f76-5b02831bf6a0	01a20246-10a5-7101-9ba4-e7f4ea6e27ef	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-10c0-7887-bb5f-54b332e0b5fa	enrolled	\N	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10c8-7460-b883-6427d3ff7ffd	01a20246-10a5-7119-92ec-e0958846f39c	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-10c7-745a-a0e8-5b2e534c8f80	enrolled	\N	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10cf-7022-adc1-c041eb7d3a8d	01a20246-10a5-712e-945d-801011d33281	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-10c9-7c07-99d8-78e00dafb4cf	enrolled	\N	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10d1-7fd8-b34b-46d67527ace4	01a20246-10a5-7143-8836-c7f3cffa3bfa	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-10d0-7f89-b084-0a98d4adb69d	enrolled	\N	2026-11-22 08:01:15.946116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10d6-7ea0-be05-5ca9493e812a	01a20246-10a5-7157-8406-37db163d3c2d	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-10d6-7ac8-a0b7-3feca7b630c0	enrolled	\N	2026-11-22 08:01:15.946116+00
\.

COPY campaign.lanes (tenant_id, lane, campaign_id, channel, paused, throttled_until, paused_at, resumed_at, resume_policy, spread, shift) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	1	01a20246-1032-7ed5-9518-b45fd4ad8ccf	email	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20246-0ff4-7d99-9181-98a62c0a2f89	2	01a20246-1032-7ed5-9518-b45fd4ad8ccf	sms	f	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20246-0ff4-7d99-9181-98a62c0a2f89	4	01a20246-108c-7477-a973-f393645ccc97	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20246-0ff4-7d99-9181-98a62c0a2f89	5	01a20246-109c-7585-bc28-72633b980d4b	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20246-0ff4-7d99-9181-98a62c0a2f89	3	01a20246-1072-7df0-bb19-563b4e2406ff	x_fax	t	-infinity	2026-11-22 08:01:16.066118+00	-infinity	keep	01:00:00	00:00:00
01a20246-0ff4-7d99-9181-98a62c0a2f89	6	01a20246-115e-7441-bfc5-04ffe53f4a3d	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
01a20246-0ff4-7d99-9181-98a62c0a2f89	7	01a20246-11ee-7864-a202-5f77dc3ed788	email	t	-infinity	\N	-infinity	keep	00:00:00	00:00:00
\.

COPY campaign.life_cycle_log (tenant_id, id, machine, relation, entity_id, at, from_state, to_state, actor, reason) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-104d-7a44-bdc0-0c07ec63514e	outreach	campaign.campaigns	01a20246-1032-7ed5-9518-b45fd4ad8ccf	2026-11-22 08:01:15.853642+00	draft	ready	regress_dump_ada	launch
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1062-7af6-938d-c7e862091289	outreach	campaign.campaigns	01a20246-1032-7ed5-9518-b45fd4ad8ccf	2026-11-22 08:01:15.874685+00	ready	running	regress_dump_ada	launch
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-107c-754a-aa63-3822c7b3766c	outreach	campaign.campaigns	01a20246-1072-7df0-bb19-563b4e2406ff	2026-11-22 08:01:15.900331+00	draft	ready	regress_dump_ada	launch
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1083-79f7-aac9-16a6a59d0fc0	outreach	campaign.campaigns	01a20246-1072-7df0-bb19-563b4e2406ff	2026-11-22 08:01:15.907623+00	ready	running	regress_dump_ada	launch
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1123-7253-924c-fb881036dae0	outreach	campaign.campaigns	01a20246-1072-7df0-bb19-563b4e2406ff	2026-11-22 08:01:16.067145+00	running	paused	regress_dump_ada	holidays
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1184-7887-b75b-45c5ee0e82ea	outreach	campaign.campaigns	01a20246-115e-7441-bfc5-04ffe53f4a3d	2026-11-22 08:01:16.164533+00	draft	ready	regress_dump_ada	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-119d-72af-9789-e239c81a2e95	outreach	campaign.campaigns	01a20246-115e-7441-bfc5-04ffe53f4a3d	2026-11-22 08:01:16.189168+00	ready	generating	regress_dump_ada	generation for 3 contacts
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11cc-7935-8952-68323b124fb8	generation	campaign.generation_jobs	01a20246-1194-73dc-b792-46ad12ef3074	2026-11-22 08:01:16.236576+00	running	finished	postgres	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11cc-7d6a-b7da-5d8a481d2c89	outreach	campaign.campaigns	01a20246-115e-7441-bfc5-04ffe53f4a3d	2026-11-22 08:01:16.236838+00	generating	review	postgres	finished: 1 generated, 2 failed, 0 excluded
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11df-7cf8-a0ce-e40d739dd2b8	outreach	campaign.campaigns	01a20246-115e-7441-bfc5-04ffe53f4a3d	2026-11-22 08:01:16.255811+00	review	ready	regress_dump_ada	failed contacts are tried again
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11e6-7aaf-b1c5-4ae1b74d98ce	outreach	campaign.campaigns	01a20246-115e-7441-bfc5-04ffe53f4a3d	2026-11-22 08:01:16.262668+00	ready	generating	regress_dump_ada	generation for 2 contacts
\.

COPY campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) FROM stdin;
x_ticket	open	0	t	f	Somebody waits.	f
x_ticket	closed	0	f	t	Nobody does.	f
\.

COPY campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) FROM stdin;
x_ticket	open	closed	answered	f
\.

COPY campaign.messages (tenant_id, id, campaign_id, contact_id, touch_number, variant, plan_version, version, channel, subject, body, body_html, status, review_notes, approved_by, approved_at, sent_at, created_at, changed_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11b5-7ff0-80e4-73e9f98f0fff	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-100d-7c86-9a81-131fc49509cf	1	a	1	2	email	Hello	quotes " and\ttabs	\N	rejected	too long	\N	\N	\N	2026-11-22 08:01:16.204199+00	2026-11-22 08:01:16.246206+00
\.

COPY campaign.message_feedback (tenant_id, id, message_id, version, action, reason, note, member, at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11d0-7653-8780-fe2564592406	01a20246-11b5-7ff0-80e4-73e9f98f0fff	1	edited	too_long	\N	regress_dump_ada	2026-11-22 08:01:16.237524+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11d9-779d-8646-f3d8cb5df7a0	01a20246-11b5-7ff0-80e4-73e9f98f0fff	2	rejected	too long	\N	regress_dump_ada	2026-11-22 08:01:16.246206+00
\.

COPY campaign.message_versions (tenant_id, message_id, version, origin, subject, body, body_html, reason, note, author, at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11b5-7ff0-80e4-73e9f98f0fff	1	generated	Hello	Quotes " and \\\\ 	\N	\N	\N	postgres	2026-11-22 08:01:16.204199+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-11b5-7ff0-80e4-73e9f98f0fff	2	edited	Hello	quotes " and\ttabs	\N	too_long	\N	regress_dump_ada	2026-11-22 08:01:16.237524+00
\.

COPY campaign.overlap_log (tenant_id, id, campaign_id, contact_id, kind, other_campaign_id, channel, severity, outcome, at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-116c-7d9d-aa40-0f193486d654	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-100d-7c86-9a81-131fc49509cf	campaign	01a20246-1032-7ed5-9518-b45fd4ad8ccf	\N	high	warned	2026-11-22 08:01:16.130004+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-116c-7d9e-af4b-dc5c394f1ea3	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-1012-781a-8c30-21471389f36d	campaign	01a20246-1032-7ed5-9518-b45fd4ad8ccf	\N	high	warned	2026-11-22 08:01:16.130004+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-116c-7d9f-bccd-5d35158a2a17	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-1012-78c4-a611-50d8ec9c5bd1	campaign	01a20246-1032-7ed5-9518-b45fd4ad8ccf	\N	high	warned	2026-11-22 08:01:16.130004+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-116c-7da0-90a8-7ceb2c262b58	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-1012-78fd-8ab3-88bd517bf2a7	campaign	01a20246-1032-7ed5-9518-b45fd4ad8ccf	\N	high	warned	2026-11-22 08:01:16.130004+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-116d-742c-8eed-eaa79c3369ca	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-100d-7c86-9a81-131fc49509cf	cooldown	01a20246-1032-7ed5-9518-b45fd4ad8ccf	email	medium	warned	2026-11-22 08:01:16.130004+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-116d-7554-a216-64c897096683	01a20246-115e-7441-bfc5-04ffe53f4a3d	01a20246-1012-781a-8c30-21471389f36d	cooldown	\N	email	medium	warned	2026-11-22 08:01:16.130004+00
\.

COPY campaign.readiness_stages (tenant_id, entity_kind, stage, required, seeded, created_at, updated_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	contact	person	t	f	2026-11-22 08:01:16.114106+00	2026-11-22 08:01:16.114106+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	company	l1	t	f	2026-11-22 08:01:16.114106+00	2026-11-22 08:01:16.114106+00
\.

COPY campaign.recent_counts (tenant_id, campaign_id, at, metric, n) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	2026-11-22 08:00:00+00	failed	1
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	2026-11-22 08:00:00+00	sent	1
\.

COPY campaign.send_limits (tenant_id, channel, per_hour, per_day, per_month, contact_interval, warmup_started_on) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	email	500	5000	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	sms	100	\N	\N	\N	2026-11-22
\.

COPY campaign.send_logs (tenant_id, id, campaign_id, enrollment_id, contact_id, template_id, touch_number, attempt, plan_version, fence, worker_id, is_final, advanced, channel, status, scheduled_at, claimed_at, sent_at, logged_at, address, subject, provider_id, reason, error, metadata) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10fb-7493-ae24-7dde7b03afcf	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-10af-7f9f-8ed2-e6d4358c1d22	01a20246-100d-7c86-9a81-131fc49509cf	00000000-0000-8000-8001-000000000002	1	1	1	969844318702584758	-7026996463852375514	t	t	email	sent	2026-11-21 08:01:15.946116+00	2026-11-22 08:01:16.006046+00	2026-11-22 08:01:16.026371+00	2026-11-22 08:01:16.026371+00	contact1@example.com	Is everything flowing as it should?	provider 1	\N	\N	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10fc-7070-a9bb-4f02048f7857	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-10b9-7c72-8994-373f417b5a9b	01a20246-1012-781a-8c30-21471389f36d	00000000-0000-8000-8001-000000000002	1	1	1	2183752030600874739	-7026996463852375514	f	f	email	failed	2026-11-21 08:01:15.946116+00	2026-11-22 08:01:16.006046+00	\N	2026-11-22 08:01:16.027797+00	contact2@example.com	Is everything flowing as it should?	\N	\N	mailbox is busy	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10fc-754f-abe5-f8590bcf0d6e	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-10c0-7887-bb5f-54b332e0b5fa	01a20246-1012-78c4-a611-50d8ec9c5bd1	00000000-0000-8000-8001-000000000002	1	1	1	-5167337478905360062	-7026996463852375514	t	t	email	failed	2026-11-21 08:01:15.946116+00	2026-11-22 08:01:16.006046+00	\N	2026-11-22 08:01:16.028194+00	contact3@example.com	Is everything flowing as it should?	\N	\N	no such mailbox	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-110a-7a57-83f8-33e2e00fdf34	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-10c9-7c07-99d8-78e00dafb4cf	01a20246-1012-7927-8042-12022fb7d813	00000000-0000-8000-8001-000000000002	1	1	1	-6262721932993824975	-7026996463852375514	t	t	email	failed	2026-11-21 08:01:15.946116+00	2026-11-22 08:01:16.006046+00	\N	2026-11-22 08:01:16.042252+00	contact5@example.com	Is everything flowing as it should?	\N	\N	no such mailbox either	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1124-7926-b2ce-f83c4fe1be99	\N	\N	01a20246-1012-781a-8c30-21471389f36d	\N	\N	\N	\N	\N	\N	t	f	email	sent	\N	\N	2026-11-22 08:01:16.068228+00	2026-11-22 08:01:16.068228+00	contact2@example.com	Called back	\N	\N	\N	\N
\.

COPY campaign.send_meters (tenant_id, channel, counted_from, folded_until) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	email	-infinity	-infinity
01a20246-0ff4-7d99-9181-98a62c0a2f89	sms	-infinity	-infinity
\.

COPY campaign.send_usage (tenant_id, channel, starts_at, id, ends_at, size, used, lease_until) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	email	2026-11-22 08:00:00+00	01a20246-10f1-76fc-8b4b-f0b15ae0d746	2026-11-22 09:00:00+00	100	8	2026-11-22 08:06:16.017957+00
\.

COPY campaign.send_warmup (tenant_id, channel, day, cap) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	sms	1	20
01a20246-0ff4-7d99-9181-98a62c0a2f89	sms	2	30
01a20246-0ff4-7d99-9181-98a62c0a2f89	sms	3	50
01a20246-0ff4-7d99-9181-98a62c0a2f89	sms	4	75
01a20246-0ff4-7d99-9181-98a62c0a2f89	sms	5	100
01a20246-0ff4-7d99-9181-98a62c0a2f89	sms	7	150
01a20246-0ff4-7d99-9181-98a62c0a2f89	sms	14	300
01a20246-0ff4-7d99-9181-98a62c0a2f89	sms	30	500
\.

COPY campaign.stop_rules (tenant_id, event, action, reason, scope, seeded, created_at, updated_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	clicked	stop	owner_stopped	\N	f	2026-11-22 08:01:16.070486+00	2026-11-22 08:01:16.070486+00
\.

COPY campaign.suppressions (tenant_id, address, reason, at, note) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	nobody@example.com	unsubscribe	2026-11-22 08:01:15.803348+00	asked by phone
01a20246-0ff4-7d99-9181-98a62c0a2f89	hmac-sha256:2a0f8c66ce697cc20cbe65f1b96d2b69e0db53b8d1129286f246b99cac5a8d4a	complaint	2026-11-22 08:01:16.283979+00	\N
\.

COPY campaign.tenant_keys (tenant_id, purpose, key_id, secret, created_at, retired_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	address	1	\\x5ea631f7bd7c90f2459b08990f1e508065a6a6c196190279121bec013857bdef	2026-11-22 08:01:15.763515+00	\N
01a20246-0ffe-7e25-b6e3-a5c1df103b10	address	1	\\x3d13f325575544f089ed491e7ca1148f8689a66442fcb747d09fed72544c4b0d	2026-11-22 08:01:15.774116+00	\N
01a20246-0ffe-7e25-b6e3-a5c1df103b10	link	1	\\xcbb797bd0df3cef70fd80bf5ef888d27d8fe877f117c7d9493eb2be41b8b372f	2026-11-22 08:01:15.774116+00	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	link	1	\\x280148f81ef75d1da554a3c47733ca4d541bfc77b9ce8b60e173b4756a8243f7	2026-11-22 08:01:15.763515+00	2026-11-22 08:01:16.074115+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	link	2	\\xf48f879bb640e18952c60c1229267a31b12f9e1330631b45374e236b257a8646	2026-11-22 08:01:16.074115+00	\N
\.

COPY campaign.tenant_members (tenant_id, member, role, created_at) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	regress_dump_ada	owner	2026-11-22 08:01:15.763515+00
01a20246-0ffe-7e25-b6e3-a5c1df103b10	regress_dump_bob	owner	2026-11-22 08:01:15.774116+00
01a20246-0ff4-7d99-9181-98a62c0a2f89	regress_dump_bob	viewer	2026-11-22 08:01:15.779746+00
\.

COPY campaign.touch_count_deltas (tenant_id, campaign_id, id, touch_number, service_type, metric, at, day, n, seconds) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-110a-7b5a-9334-c520d234aacb	1	plumbing	failed	2026-11-22 08:00:00+00	2026-11-22	1	0
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-111c-7c89-a5aa-af4ad8fdb9b7	0	plumbing	stopped.owner_stopped	2026-11-22 08:00:00+00	2026-11-22	1	0
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-113a-7aa4-8635-029562043e71	1	plumbing	machine_opened	2026-11-22 08:00:00+00	2026-11-22	1	0
\.

COPY campaign.touch_counts (tenant_id, campaign_id, touch_number, service_type, metric, n, seconds) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	0	plumbing	enrolled	7	0
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	1	plumbing	failed	1	0
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1032-7ed5-9518-b45fd4ad8ccf	1	plumbing	sent	1	0
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1072-7df0-bb19-563b4e2406ff	0		enrolled	1	0
\.

COPY campaign.touch_events (tenant_id, id, event_id, kind, bounce, link, is_machine, at, recorded_at, enrollment_id, campaign_id, contact_id, touch_number, channel, provider_id, address, unmatched, data) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-112c-739a-95ca-8c37fb964651	event 1	opened	\N	\N	t	2026-11-22 08:01:16.075718+00	2026-11-22 08:01:16.075718+00	01a20246-10af-7f9f-8ed2-e6d4358c1d22	01a20246-1032-7ed5-9518-b45fd4ad8ccf	01a20246-100d-7c86-9a81-131fc49509cf	1	email	provider 1	contact1@example.com	f	{"agent": "quotes \\" and \\\\\\\\ "}
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-113c-7450-a0d6-797013a4b5d1	\N	unsubscribed	\N	\N	f	2026-11-22 08:01:16.092174+00	2026-11-22 08:01:16.092174+00	\N	\N	01a20246-1012-78c4-a611-50d8ec9c5bd1	\N	sms	\N	+49301233	f	\N
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-1146-7bc3-8fcf-16add0f5c996	event 2	bounced	hard	\N	f	2026-11-22 08:01:16.102549+00	2026-11-22 08:01:16.102549+00	\N	\N	\N	\N	\N	not logged yet	\N	t	\N
\.

COPY campaign.touch_queue (tenant_id, enrollment_id, due_at, scheduled_at, lease_until, claimed_at, fence, worker_id, lane, touch_number, attempt, attempt_base, resume_touch, flags, rescheduled) FROM stdin;
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10d6-7ac8-a0b7-3feca7b630c0	2026-11-21 08:01:15.946116+00	2026-11-21 08:01:15.946116+00	2026-11-22 08:06:16.009222+00	2026-11-22 08:01:16.006046+00	-3097098046750466285	-7026996463852375514	1	1	1	0	0	0	f
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10af-7f9f-8ed2-e6d4358c1d22	2026-11-24 08:01:15.946116+00	2026-11-24 08:01:15.946116+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10b9-7c72-8994-373f417b5a9b	2026-11-22 08:02:19.80342+00	2026-11-21 08:01:15.946116+00	-infinity	-infinity	0	0	1	1	1	0	0	0	f
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10c0-7887-bb5f-54b332e0b5fa	2026-11-24 08:01:15.946116+00	2026-11-24 08:01:15.946116+00	-infinity	-infinity	0	0	1	2	0	0	0	0	f
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10c7-745a-a0e8-5b2e534c8f80	2026-11-21 08:01:15.946116+00	2026-11-21 08:01:15.946116+00	2026-11-22 08:06:16.009216+00	2026-11-22 08:01:16.006046+00	-8767565408933206221	-7026996463852375514	1	1	1	0	0	1	f
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10e2-7e82-b769-979915560a6c	2026-11-22 08:01:16.00212+00	2026-11-22 08:01:16.00212+00	2026-11-22 07:06:16.044427+00	2026-11-22 08:01:16.043695+00	-5102705575242328378	-7710089125918769488	3	1	1	0	0	1	f
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10c9-7c07-99d8-78e00dafb4cf	2026-11-22 08:01:16.051175+00	2026-11-21 08:01:15.946116+00	-infinity	-infinity	0	0	1	1	1	1	2	0	t
01a20246-0ff4-7d99-9181-98a62c0a2f89	01a20246-10d0-7f89-b084-0a98d4adb69d	infinity	2026-11-21 08:01:15.946116+00	2026-11-22 08:06:16.00922+00	2026-11-22 08:01:16.006046+00	-6450298989478470813	-7026996463852375514	1	1	1	0	0	2	f
\.

COPY campaign.workers (id, name, first_seen_at, last_seen_at) FROM stdin;
-7026996463852375514	worker 1	2026-11-22 08:01:16.007535+00	2026-11-22 08:01:16.007535+00
-7710089125918769488	worker 2	2026-11-22 08:01:16.043809+00	2026-11-22 08:01:16.043809+00
\.

