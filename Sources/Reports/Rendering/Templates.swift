import Mustache

/// The parts of a page. `{{x}}` is escaped; `{{{x}}}` holds what another template, or this package, has written.
enum Templates {
  static func library() throws -> MustacheLibrary {
    MustacheLibrary(templates: try sources.mapValues { try MustacheTemplate(string: $0) })
  }

  private static let sources = [
    "page": page, "paragraph": #"<p>{{text}}</p>"#, "figures": figures, "table": table,
    "facts": facts,
    "chart": chart, "bars": bars, "viewer": viewer, "legend": legend,
  ]

  private static let page = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{{title}} · Malpighi</title>
    <style>{{{style}}}</style>
    </head>
    <body>
    <p class="banner">For research use only. Not a medical device; not for diagnosis or treatment.</p>
    <header>
    <h1>{{title}}</h1>
    <p class="subtitle">{{subtitle}}</p>
    {{#hasHighlights}}<dl class="highlights">
    {{#highlights}}<div><dt>{{name}}</dt><dd>{{value}}</dd><dd class="note">{{note}}</dd></div>
    {{/highlights}}</dl>{{/hasHighlights}}
    {{#warnings}}<p class="warning">{{.}}</p>
    {{/warnings}}
    </header>
    <main>
    {{#sections}}<section id="{{anchor}}">
    <h2>{{title}}</h2>
    {{{blocks}}}
    </section>
    {{/sections}}
    </main>
    <footer>Made by Malpighi, offline, from the files of this folder.</footer>
    <script>{{{script}}}</script>
    </body>
    </html>

    """

  private static let figures = """
    <div class="figures">
    {{#figures}}<figure><img src="{{{address}}}" width="{{width}}" height="{{height}}" alt="{{caption}}">\
    <figcaption>{{caption}}</figcaption></figure>
    {{/figures}}</div>
    """

  private static let table = """
    <div class="scroll"><table{{#sortable}} class="sortable"{{/sortable}}>
    <thead><tr>{{#columns}}<th{{#sortable}} tabindex="0" role="button"{{/sortable}} data-column="{{index}}">\
    {{name}}</th>{{/columns}}</tr></thead>
    <tbody>
    {{#rows}}<tr>{{#cells}}<td{{#isNumber}} class="number"{{/isNumber}}{{#number}} data-number="{{number}}"{{/number}}>\
    {{#link}}<a href="{{href}}">{{text}}</a>{{/link}}{{^link}}{{text}}{{/link}}</td>{{/cells}}</tr>
    {{/rows}}</tbody>
    </table></div>
    """

  private static let facts = """
    <dl class="facts">
    {{#facts}}<div><dt>{{name}}</dt><dd>{{value}}</dd></div>
    {{/facts}}</dl>
    """

  private static let bars = """
    <h3>{{title}}</h3>
    <div class="bars">
    {{#bars}}<div class="bar"><span class="label">{{#link}}<a href="{{href}}">{{label}}</a>{{/link}}\
    {{^link}}{{label}}{{/link}}</span><span class="track"><span class="fill" style="width:{{percent}}%"></span></span>\
    <span class="value">{{value}}</span></div>
    {{/bars}}</div>
    """

  private static let chart = """
    <figure class="chart"><figcaption>{{title}}</figcaption>
    <svg viewBox="0 0 {{width}} {{height}}" role="img">
    <title>{{title}}</title>
    {{#rows}}<line class="grid" x1="{{left}}" x2="{{right}}" y1="{{y}}" y2="{{y}}"/>\
    <text x="{{left}}" dx="-8" y="{{baseline}}" text-anchor="end">{{text}}</text>
    {{/rows}}{{#columns}}<text x="{{x}}" y="{{baseline}}" text-anchor="middle">{{text}}</text>
    {{/columns}}<text x="{{middle}}" y="{{base}}" text-anchor="middle" class="axis">{{horizontal}}</text>
    {{#curves}}<path d="{{path}}" stroke="{{color}}"/>
    {{/curves}}</svg>
    <p class="legend">{{#curves}}<span><i style="background:{{color}}"></i>{{name}}</span>{{/curves}}</p></figure>
    """

  private static let legend = """
    <p class="legend">{{#entries}}<span><i style="background:{{color}}"></i>{{text}}</span>{{/entries}}</p>
    """

  private static let viewer = """
    <div class="viewer" tabindex="0" data-settings="{{settings}}">
    <img class="atlas" src="{{{image}}}" alt="" hidden>{{#hasOverlay}}<img class="classes" src="{{{overlay}}}" alt="" hidden>\
    {{/hasOverlay}}
    <div class="planes">
    <div class="plane"><canvas data-axis="2"></canvas><span class="place">axial</span></div>
    <div class="plane"><canvas data-axis="1"></canvas><span class="place">coronal</span></div>
    <div class="plane"><canvas data-axis="0"></canvas><span class="place">sagittal</span></div>
    </div>
    {{#turns}}<div class="turntable"><canvas width="960" height="480"></canvas>\
    <span class="place">projection · drag to turn</span></div>{{/turns}}
    <div class="controls">
    <span class="legend">{{#entries}}<span><i style="background:{{color}}"></i>{{text}}</span>{{/entries}}</span>
    {{#hasOverlay}}<label>overlay <input type="range" class="opacity" min="0" max="1" step="0.05" value="0.6"></label>
    {{/hasOverlay}}<label>bright <input type="range" class="bright" min="0.2" max="1" step="0.02" value="1"></label>
    <label>dark <input type="range" class="dark" min="0" max="0.6" step="0.02" value="0"></label>
    {{#turns}}<label><input type="checkbox" class="turning"> turn</label>{{/turns}}
    </div>
    <p class="hint">Click or drag to move the crosshair; wheel or <kbd>↑</kbd> <kbd>↓</kbd> scrolls the plane under the \
    pointer, <kbd>PgUp</kbd> <kbd>PgDn</kbd> by ten; <kbd>o</kbd> overlay, <kbd>x</kbd> crosshair, <kbd>r</kbd> reset\
    {{#turns}}, <kbd>t</kbd> turns the projection{{/turns}}.</p>
    </div>
    """
}
