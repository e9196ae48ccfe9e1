// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A page that stands alone: everything it shows is in it, and it has no script.
enum Page {
    /// - Parameter body: HTML.
    static func text(title: String, body: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(SVG.escaped(title))</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        <h1>\(SVG.escaped(title))</h1>
        \(body)
        </body>
        </html>

        """
    }

    static func paragraph(_ text: String) -> String { "<p>\(SVG.escaped(text))</p>" }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1b1f24; --weak: #667; --line: #d5d9e0; --band: #f4d9a055; --paper: #fff;
          --c0: #2563b0; --c1: #c2571a; --c2: #2f8a4c; --c3: #8a3fa0; --c4: #a1860f; --c5: #1a8f97; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e4e7ec; --weak: #9aa3b0; --line: #3a414c; --band: #a0762055; --paper: #14171b;
            --c0: #6ea8ec; --c1: #ee935c; --c2: #6cc688; --c3: #c78bd9; --c4: #d8bd4e; --c5: #5cc8cf; }
        }
        body { max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem; color: var(--ink); background: var(--paper);
          font: 15px/1.45 system-ui, sans-serif; }
        h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
        table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
        th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
        th:first-child, td:first-child { text-align: left; }
        td.wide { white-space: normal; text-align: left; }
        figure { margin: 1.2rem 0; } figcaption { font-weight: 600; }
        svg { width: 100%; height: auto; }
        .legend { margin: .2rem 0; color: var(--weak); }
        .legend i { display: inline-block; width: .8rem; height: .8rem; margin-right: .3rem; border-radius: 2px; }
        .legend span { margin-right: 1rem; }
        .grid { stroke: var(--line); } .tick { fill: var(--weak); font-size: 11px; } .band { fill: var(--band); }
        .spread { stroke: var(--ink); stroke-width: 1.5; }
        polyline { fill: none; stroke-width: 1.8; }
        \((0..<SVG.colours).map { "polyline.s\($0) { stroke: var(--c\($0)); } rect.s\($0), circle.s\($0) { fill: var(--c\($0)); } i.s\($0) { background: var(--c\($0)); }" }.joined(separator: "\n"))
        .void { border-left: 4px solid #c22; padding-left: .8rem; }
        """
}

extension Table {
    var html: String {
        func row(_ cells: [String], _ element: String) -> String {
            "<tr>" + cells.map { "<\(element)>\(SVG.escaped($0))</\(element)>" }.joined() + "</tr>"
        }
        return "<table>\(row(titles, "th"))\(rows.map { row($0, "td") }.joined())</table>"
    }
}

extension BenchResult {
    /// As the Markdown, with plots.
    var html: String {
        var body = Page.paragraph(summary)
        if isVoid {
            body +=
                "<div class=\"void\"><p><strong>Void.</strong> The figures count for nothing.</p><ul>"
                + voidTexts.map { "<li>\(SVG.escaped($0))</li>" }.joined() + "</ul></div>"
        }
        body += plots.joined() + tables.map(\.html).joined()
        let rows = conditions.map {
            "<tr><td>\(SVG.escaped($0.name))</td><td class=\"wide\">\(SVG.escaped($0.value))</td></tr>"
        }
        body += "<h2>Conditions</h2><table>\(rows.joined())</table>"
        return Page.text(title: "scim-bench \(scenario), \(day), \(provenance.commit)", body: body)
    }
}
