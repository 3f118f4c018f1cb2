"""From a letter to the bytes of its message: templates, inlined styles, headers; nothing is stored.

`mail.Renderer` draws and weighs, `message.build_message` writes what goes on the wire, and
`terminal.draw_html` shows HTML to a person at a console.
"""
