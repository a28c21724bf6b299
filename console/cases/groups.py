"""The actions of a case under the words by which people look for them."""

from typing import Final

from console.language import N_

#: Actions with a form of their own elsewhere, and what only machines do.
ELSEWHERE: Final = frozenset({"message", "note", "customer_message", "attach", "rebase_calendar", "platform_ruling"})

_CUSTOMER = """answer request_evidence submit_evidence make_offer accept_offer decline_offer promise keep_promise
    update_contact withdraw"""
_GOODS = """investigate report_finding authorise_return ship_return book_in check_replacement report_interception
    record_delivery confirm_fault refute_fault pass_inspection send_to_expert place_hold lift_hold lend_loaner
    return_loaner"""
_MONEY = """choose_remedy plan_repair quote_repair accept_quote decline_quote notify_payment refute_payment
    record_payment provide_account confirm_account record_refund fail_refund ask_payout bounce_refund ship_replacement
    ship_back report_shortage stock_arrived finish_repair fail_repair appoint dispatch arrive finish_visit
    settle_deposit give_back compensate record_dispute waive_freight waive_receivable open_claim settle_claim
    settle_invoice"""
_CASE = """take assign set_priority set_severity change_kind add_issue split link snooze escalate acknowledge contain
    remind extend retry approve deny override_eligibility rebase_playbook complete_callback miss_callback reject close
    reopen correct"""

GROUPS: Final = (
    (N_("With the customer"), tuple(_CUSTOMER.split())),
    (N_("Goods"), tuple(_GOODS.split())),
    (N_("Remedy and money"), tuple(_MONEY.split())),
    (N_("The case itself"), tuple(_CASE.split())),
)
