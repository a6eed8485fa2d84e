"""The addresses of the pages."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stripe_sandbox.pages import challenge, payment
from stripe_sandbox.pages.overview import Overview
from stripe_sandbox.sandbox import Sandbox


def page_routes(sandbox: Sandbox) -> list[Route]:
    """The hosted payment page, the challenge and the overview."""

    async def show_payment(request: Request) -> Response:
        return await payment.show_payment_page(sandbox, request)

    async def submit_payment(request: Request) -> Response:
        return await payment.submit_payment_page(sandbox, request)

    async def recover_payment(request: Request) -> Response:
        return await payment.recover_payment_page(sandbox, request)

    async def show_challenge(request: Request) -> Response:
        return await challenge.show_challenge(sandbox, request)

    async def submit_challenge(request: Request) -> Response:
        return await challenge.submit_challenge(sandbox, request)

    overview = Overview(sandbox)
    return [
        Route("/c/pay/{session}", show_payment, methods=["GET"]),
        Route("/c/pay/{session}", submit_payment, methods=["POST"]),
        Route("/c/recover/{session}", recover_payment, methods=["GET"]),
        Route("/c/authenticate/{intent}", show_challenge, methods=["GET"]),
        Route("/c/authenticate/{intent}", submit_challenge, methods=["POST"]),
        Route("/", overview.show, methods=["GET"]),
        Route("/", overview.submit, methods=["POST"]),
    ]
