"""Acts of scoring together: plan, open, score, reveal, agree, finish; copies and anchors. Each is one transaction."""

from __future__ import annotations

from headway.calibration import moderating, planning, revealing, scoring, surveying, works

take_sample = works.take_sample
anchor_from_exemplar = works.anchor_from_exemplar
retire_anchor = works.retire_anchor
plan_session = planning.plan_session
change_session = planning.change_session
extend_session = planning.extend_session
call_off = planning.call_off
put_in = planning.put_in
take_out = planning.take_out
invite = planning.invite
withdraw_rater = planning.withdraw_rater
open_session = planning.open_session
draw_rescoring = moderating.draw_rescoring
save_scores = scoring.save_scores
hand_in_round = scoring.hand_in_round
reveal = revealing.reveal
open_second_round = revealing.open_second_round
finish = revealing.finish
note = revealing.note
agree = revealing.agree
keep_anchor = revealing.keep_anchor
enter_moderated = moderating.enter_moderated
answer_survey = surveying.answer_survey
erase_samples = works.erase_samples
follow = works.follow
