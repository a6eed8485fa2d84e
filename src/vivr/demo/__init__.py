"""The demo: a whole shop on one machine, started by one command and stopped by Ctrl-C.

``place`` knows the folder of all local data and what is kept there, ``children`` starts and watches one process,
``supervisor`` runs them all, ``screen`` tells the person what to do, ``mailbox`` receives the shop's mails, and ``buy``
buys like a browser.
"""
