"""Who may talk to whom: certificates, trust, policies, users and their roles.

`identity` holds an application's own certificates, `trust` says which others it believes,
`users` who a person is and `roles` what each may do. `connecting` prepares a client with all of
it, `serving` a server. A refusal is a `linetwin.errors.RefusedError` with a named reason.
"""
