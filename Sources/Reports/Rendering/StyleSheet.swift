/// The look of a page: quiet type on white, pictures on black.
enum StyleSheet {
  static let text = """
    :root { --ink: #1c1d1f; --soft: #62666d; --line: #e3e4e7; --ground: #ffffff; --panel: #f6f6f7; --accent: #0072b2;
      --image: #0b0b0d; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e8e8ea; --soft: #9a9ea6; --line: #2c2e33;
      --ground: #16171a; --panel: #1e2023; --accent: #56b4e9; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--ground); color: var(--ink);
      font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
      -webkit-font-smoothing: antialiased; font-variant-numeric: tabular-nums; }
    .banner { margin: 0; max-width: none; padding: 7px 16px; text-align: center; font-size: 12.5px; background: #fdf3d8;
      color: #5f4a09; letter-spacing: .01em; }
    header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 28px; }
    header { padding-top: 40px; }
    h1 { font-size: 28px; font-weight: 620; letter-spacing: -.015em; margin: 0; overflow-wrap: anywhere; line-height: 1.2; }
    .subtitle { color: var(--soft); margin: 6px 0 0; max-width: 75ch; }
    h2 { font-size: 17px; font-weight: 620; letter-spacing: -.005em; margin: 52px 0 14px; }
    h3 { font-size: 13px; font-weight: 600; color: var(--soft); margin: 22px 0 8px; }
    p { max-width: 75ch; }
    a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
    .warning { margin: 14px 0 0; padding: 8px 14px; border-left: 3px solid #e69f00; background: var(--panel);
      max-width: none; overflow-wrap: anywhere; }
    .highlights { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 1px; margin: 28px 0 0;
      background: var(--line); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
    .highlights div { background: var(--ground); padding: 14px 18px 12px; }
    .highlights dt { font-size: 12.5px; color: var(--soft); }
    .highlights dd { margin: 0; font-size: 25px; font-weight: 600; letter-spacing: -.02em; line-height: 1.3; }
    .highlights dd.note { font-size: 12px; font-weight: 400; color: var(--soft); letter-spacing: 0; min-height: 1em; }
    .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 14px; align-items: start; }
    figure { margin: 0; }
    .figures figure { background: var(--image); border-radius: 8px; overflow: hidden; }
    .figures img { display: block; width: 100%; height: auto; }
    .figures figcaption { color: #b9bcc2; font-size: 12.5px; padding: 9px 14px 11px; }
    .legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; color: var(--soft); margin: 12px 0 0;
      max-width: none; }
    .legend span { display: inline-flex; align-items: center; gap: 7px; }
    .legend i { width: 11px; height: 11px; border-radius: 3px; display: inline-block; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; font-size: 14px; }
    th { text-align: left; font-weight: 550; font-size: 12.5px; color: var(--soft); white-space: nowrap; }
    th, td { padding: 7px 14px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
    td { overflow-wrap: anywhere; min-width: 9em; } td.number { white-space: nowrap; min-width: 0; }
    .sortable th { cursor: pointer; user-select: none; } .sortable th:hover { color: var(--ink); }
    .sortable th[aria-sort=ascending]::after { content: " ↑"; } .sortable th[aria-sort=descending]::after { content: " ↓"; }
    .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr)); gap: 0 32px; margin: 0; }
    .facts div { display: flex; justify-content: space-between; gap: 16px; padding: 6px 0; min-width: 0;
      border-bottom: 1px solid var(--line); font-size: 14px; }
    .facts dt { color: var(--soft); overflow-wrap: anywhere; } .facts dd { margin: 0; text-align: right; max-width: 70%;
      overflow-wrap: break-word; }
    .bars { display: grid; gap: 6px; }
    .bar { display: grid; grid-template-columns: minmax(90px, 30%) 1fr 56px; gap: 14px; align-items: center; font-size: 13.5px; }
    .bar .label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .bar .track { background: var(--panel); border-radius: 3px; height: 14px; overflow: hidden; }
    .bar .fill { display: block; height: 100%; background: #009e73; border-radius: 3px; }
    .bar .value { text-align: right; }
    .chart { max-width: 760px; margin: 8px 0 20px; } .chart figcaption { font-size: 13px; color: var(--soft); margin-bottom: 6px; }
    .chart svg { width: 100%; height: auto; display: block; }
    .chart path { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
    .chart .grid { stroke: var(--line); } .chart text { font-size: 11px; fill: var(--soft); }
    .viewer { background: var(--image); color: #b9bcc2; border-radius: 8px; padding: 14px; outline: none; }
    .viewer:focus-visible { box-shadow: 0 0 0 2px var(--accent); }
    .planes { display: flex; gap: 10px; align-items: flex-start; }
    .plane { position: relative; min-width: 0; background: #000; }
    .plane canvas { width: 100%; display: block; cursor: crosshair; touch-action: none; }
    .turntable { position: relative; margin-top: 10px; }
    .turntable canvas { width: 100%; display: block; cursor: grab; touch-action: none; }
    .place { position: absolute; left: 8px; top: 5px; font-size: 12px; text-shadow: 0 0 3px #000; pointer-events: none; }
    .controls { display: flex; flex-wrap: wrap; gap: 8px 26px; align-items: center; margin: 12px 2px 0; font-size: 12.5px; }
    .controls .legend { margin: 0 auto 0 0; color: inherit; font-size: 12.5px; }
    .controls label { display: inline-flex; align-items: center; gap: 8px; }
    .controls input[type=range] { width: 110px; } .controls input { accent-color: #9a9ea6; }
    .hint { font-size: 12px; color: #7d8189; margin: 8px 2px 0; max-width: none; }
    kbd { font: inherit; border: 1px solid #3a3c42; border-radius: 3px; padding: 0 4px; }
    footer { color: var(--soft); font-size: 12.5px; padding-top: 48px; padding-bottom: 40px; }
    @media (max-width: 760px) { header, main, footer { padding-left: 16px; padding-right: 16px; }
      .planes { flex-direction: column; } .plane { width: 100% !important; flex: none !important; } h1 { font-size: 23px; } }
    @media print { .banner { border-bottom: 1px solid #ccc; } .viewer .controls, .hint { display: none; } }
    """
}
