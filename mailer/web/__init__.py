"""The web: the reader's pages, the operator's desk, the JSON API, health; drawn on the server.

How to add
- a router: a module (or package) of this package for each area, with `router = Area()`, named in
  `application._AREAS`. Areas know flows, render, core and, for reading, store; never SQL.
- a page: a template in `templates/web/`, extending `_base/page.html`, and an endpoint:

      @router.get("/hello/{name}")
      def hello(visit: Visiting, name: str) -> Response:
          return visit.page("hello.html", name=name)

  Endpoints are plain `def`: they run in threads, where the store may wait. GET changes nothing;
  HEAD is answered from GET by the gate. Words go through gettext in the template, or `visit.say`.
  A page for one reader is drawn in her language: `visit.speaking(reader.locale)`.
- a form: a parameter `form: Posted` gives its fields as clean text of capped length, urlencoded or
  multipart. What a person can mend is an InputError: caught by the endpoint, which shows the form
  again with status 422, or else by `failures`, which shows its words on a page of their own.
- a larger body: `@router.post(…, max_body_size=…)`; all others end at 64 KiB.
- a token: a Purpose in `core.tokens`, signed with `visit.room.desk.signer`; read it with
  `visit.read_token(Purpose.X, token)` (404 when it is not ours), or with a lifetime (410 when it
  is over). A path parameter is called `{token}`: the access log shows only its name.
- a policy of one response: headers set by the endpoint win over those of `headers`.
- an asset: a file in `templates/web/assets/`, in templates `{{ asset("paper.css") }}`: its name
  changes with its content, so it is kept for a year. No inline script, no inline style.
- a refusal: `raise HTTPException(404 | 410 | 429, "words for a person")` from `web.failures`.
"""
