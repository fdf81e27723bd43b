"""200 texts that try to become markup or code: 40 payloads in 5 wrappings. Each would set `hit` or show a dialog."""

from __future__ import annotations

_PAYLOADS = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "<svg onload=window.hit=1>",
    "<svg><script>window.hit=1</script></svg>",
    "<iframe src=javascript:parent.hit=1></iframe>",
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
    "<a href=javascript:window.hit=1>klik</a>",
    "<body onload=window.hit=1>",
    "<input autofocus onfocus=window.hit=1>",
    "<details open ontoggle=window.hit=1>x</details>",
    "<video><source onerror=window.hit=1></video>",
    "<audio src=x onerror=window.hit=1></audio>",
    "<object data=javascript:window.hit=1></object>",
    "<embed src=javascript:window.hit=1>",
    "<form action=javascript:window.hit=1><button>x</button></form>",
    "<math><mi xlink:href=javascript:window.hit=1>x</mi></math>",
    "<link rel=stylesheet href=javascript:window.hit=1>",
    "<style>@import 'javascript:window.hit=1'</style>",
    "<base href=javascript:window.hit=1//>",
    "<meta http-equiv=refresh content='0;url=javascript:window.hit=1'>",
    "<template shadowrootmode=open><script>window.hit=1</script></template>",
    "<marquee onstart=window.hit=1>x</marquee>",
    "<select autofocus onfocus=window.hit=1></select>",
    "<div style=background:url(javascript:window.hit=1)>x</div>",
    "<p contenteditable autofocus onfocus=window.hit=1>x</p>",
    "[klik](javascript:window.hit=1)",
    "![x](x onerror=window.hit=1)",
    "javascript:window.hit=1",
    "data:text/html,<script>window.hit=1</script>",
    "vbscript:window.hit=1",
    'https://voorbeeld.nl/"onmouseover="window.hit=1',
    "https://voorbeeld.nl/'><script>window.hit=1</script>",
    'x@voorbeeld.nl"onclick="window.hit=1',
    'tel:112"onclick="window.hit=1',
    "{{constructor.constructor('window.hit=1')()}}",
    "${window.hit=1}",
    "&lt;script&gt;window.hit=1&lt;/script&gt;",
    "&#60;script&#62;window.hit=1&#60;/script&#62;",
    "\\u003cscript\\u003ewindow.hit=1\\u003c/script\\u003e",
    "%3Cscript%3Ewindow.hit=1%3C/script%3E",
)
_WRAPPINGS = ("{}", "- {}", "\"'>{}", "</div></p></section>{}<!--", "Bel 112 of kijk op https://voorbeeld.nl {}")

INJECTIONS = tuple(wrapping.replace("{}", payload) for wrapping in _WRAPPINGS for payload in _PAYLOADS)
