/// The style sheet of the overview: two schemes, one accent, no font and no picture from elsewhere.
///
/// Series and shades differ in lightness, not only in hue, so that they can be told apart without seeing colours and in
/// print. Nothing is said by colour alone.
enum OverviewStyle {
    static let sheet: HTML = """
        :root{color-scheme:light dark;--page:#fff;--ink:#14171c;--soft:#5c6470;--rule:#e3e6eb;--grid:#eceff3;
        --track:#f0f2f6;--accent:#3563d9;--s1:#3563d9;--s2:#a3bdf8;--s3:#1a2f6e;--s4:#d5e0fc;--s5:#8a93a3;
        --h1:#dbe5fd;--h2:#adc5f9;--h3:#7299f0;--h4:#3f6bdb;--h5:#1c3987;--pass:#0a6b4d;--fail:#b3261e;--alarm:#fdf1f0}
        @media (prefers-color-scheme:dark){:root{--page:#0f1217;--ink:#e7eaef;--soft:#98a1b0;--rule:#272c36;
        --grid:#1e232c;--track:#181c24;--accent:#7aa0fb;--s1:#6c95f8;--s2:#34518f;--s3:#c6d6ff;--s4:#22345f;--s5:#6b7483;
        --h1:#1a2a4d;--h2:#27458a;--h3:#3f68c6;--h4:#7099f5;--h5:#bcd0ff;--pass:#4fc79d;--fail:#ff8f86;--alarm:#2c1716}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--ink);-webkit-text-size-adjust:100%;
        font:15px/1.5 Inter,ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
        font-variant-numeric:tabular-nums;font-feature-settings:"cv11","ss03"}
        main,header,footer{max-width:1120px;margin:0 auto;padding:0 32px}
        header{padding-top:48px}
        .eyebrow{margin:0;color:var(--soft);font-size:13px;overflow-wrap:anywhere}
        .eyebrow .name{display:inline}
        h1{margin:4px 0 0;font-size:28px;line-height:1.2;font-weight:650;letter-spacing:-.02em}
        .period{margin:6px 0 0;font-size:16px;color:var(--soft)}
        .fresh{margin:12px 0 0;font-size:13px;color:var(--soft)}
        h2{margin:0;font-size:16px;line-height:1.3;font-weight:620;letter-spacing:-.006em}
        section{margin-top:56px;min-width:0}
        section>p{margin:4px 0 0;color:var(--soft);font-size:13px;max-width:68ch}
        .pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 56px}
        .tiles{display:grid;grid-template-columns:repeat(5,minmax(0,1fr));gap:0;margin:40px 0 0;padding:0;
        border-top:1px solid var(--rule);border-bottom:1px solid var(--rule)}
        .tiles>div{display:flex;flex-direction:column;padding:18px 20px 16px;border-left:1px solid var(--rule);min-width:0}
        .tiles>div:first-child{border-left:0;padding-left:0}
        .tiles dt{color:var(--soft);font-size:13px}
        .tiles dd{margin:0}
        .tiles .value{font-size:27px;overflow-wrap:anywhere;line-height:1.25;font-weight:620;letter-spacing:-.02em;margin-top:2px}
        .tiles .note{color:var(--soft);font-size:12.5px;line-height:1.4;margin-bottom:12px}
        .tiles .note b{color:var(--ink);font-weight:550}
        .tiles .course{margin-top:auto}
        .spark{display:block;width:100%;fill:var(--accent)}
        .controls{list-style:none;margin:16px 0 0;padding:0;border-top:1px solid var(--rule)}
        .controls li{display:grid;grid-template-columns:76px minmax(0,1fr) auto;gap:4px 16px;align-items:baseline;padding:10px 0;
        border-bottom:1px solid var(--rule)}
        .controls b{font-weight:620;white-space:nowrap}
        .controls .pass b{color:var(--pass)}
        .controls .fail b{color:var(--fail)}
        .controls .fail{background:var(--alarm);box-shadow:-12px 0 0 var(--alarm),12px 0 0 var(--alarm)}
        .controls .count{color:var(--soft);font-size:13px;text-align:right}
        .controls .how{grid-column:2/4;font-size:13px}
        code{font:12.5px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;color:var(--soft);
        overflow-wrap:anywhere}
        .legend{display:flex;flex-wrap:wrap;gap:4px 20px;list-style:none;margin:12px 0 0;padding:0;font-size:13px;
        color:var(--soft)}
        .legend li{display:flex;align-items:baseline;max-width:100%}
        .legend b{color:var(--ink);font-weight:550;min-width:0;margin-right:.4em}
        .legend span{white-space:nowrap}
        .legend i,.unfinished i{flex:none;display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:7px}
        .name{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden;overflow-wrap:anywhere;
        text-align:left;padding-bottom:1px}
        .number .name{text-align:right}
        .plot{display:flex;margin-top:16px}
        svg{overflow:visible}
        svg text{font-size:12px;fill:var(--soft)}
        .axis{flex:none}
        .area{flex:1;min-width:0;width:100%;display:block}
        .grid{stroke:var(--grid)}.base{stroke:var(--rule)}
        .reach{fill:transparent}
        g:hover>.reach{fill:var(--track)}
        .part{fill-opacity:.35;stroke:var(--accent);stroke-width:1px;stroke-dasharray:3 2}
        .part>.reach{fill-opacity:1;stroke:none}
        .unfinished{margin:8px 0 0;color:var(--soft);font-size:12.5px}
        .plot+.unfinished{margin-left:44px}
        .unfinished i{border:1px dashed var(--accent)}
        .s1{fill:var(--s1);background:var(--s1)}.s2{fill:var(--s2);background:var(--s2)}
        .s3{fill:var(--s3);background:var(--s3)}.s4{fill:var(--s4);background:var(--s4)}
        .s5{fill:var(--s5);background:var(--s5)}
        .h0{fill:var(--track);background:var(--track)}.h1{fill:var(--h1);background:var(--h1)}
        .h2{fill:var(--h2);background:var(--h2)}.h3{fill:var(--h3);background:var(--h3)}
        .h4{fill:var(--h4);background:var(--h4)}.h5{fill:var(--h5);background:var(--h5)}
        .heat rect{stroke:var(--page);stroke-width:2px}
        .steps{display:flex;align-items:center;gap:3px;margin:10px 0 0 44px;font-size:12.5px;color:var(--soft)}
        .steps i{width:18px;height:10px;border-radius:2px}
        .steps span:first-child{margin-right:5px}.steps span:last-child{margin-left:5px}
        .scroll{overflow-x:auto;margin-top:12px}
        table{width:100%;border-collapse:collapse;font-size:14px}
        caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        th,td{padding:8px 16px 8px 0;text-align:left;font-weight:400;vertical-align:baseline;
        border-bottom:1px solid var(--rule)}
        th:last-child,td:last-child{padding-right:0}
        thead th,thead td{color:var(--soft);font-size:12.5px;padding-top:0;vertical-align:bottom}
        thead .number{white-space:normal;min-width:64px}
        tbody th{min-width:88px}tbody th .name{min-width:92px}
        tbody tr:last-child>*{border-bottom:0}
        .number{text-align:right;white-space:nowrap}
        td.bar{width:26%;min-width:72px;vertical-align:top;padding-top:14px}
        .bar svg{display:block;width:100%;fill:var(--accent)}
        small{display:block;color:var(--soft);font-size:12.5px}
        .none{margin:16px 0 0;color:var(--soft)}
        details{margin-top:12px;font-size:14px}
        summary{cursor:pointer;color:var(--soft);font-size:13px;width:max-content}
        summary:hover{color:var(--ink)}
        :focus-visible{outline:2px solid var(--accent);outline-offset:2px}
        .empty{margin:72px 0;max-width:52ch}
        .empty p{color:var(--soft);margin:10px 0 0}
        footer{margin-top:64px;padding-bottom:56px;color:var(--soft);font-size:12.5px}
        footer p{border-top:1px solid var(--rule);margin:0;padding-top:16px;max-width:none}
        @media (max-width:860px){
        .pair{grid-template-columns:minmax(0,1fr)}
        .tiles{grid-template-columns:repeat(2,minmax(0,1fr))}
        .tiles>div{border-top:1px solid var(--rule)}
        .tiles>div:nth-child(odd){border-left:0;padding-left:0}
        .tiles>div:nth-child(-n+2){border-top:0}
        .tiles>div:last-child:nth-child(odd){grid-column:1/3}}
        @media (max-width:560px){
        main,header,footer{padding:0 18px}header{padding-top:28px}footer{padding-bottom:40px}
        h1{font-size:24px}section{margin-top:44px}
        .tiles{margin-top:28px}.tiles .value{font-size:23px}.tiles>div{padding:14px 14px 12px}
        .minor{display:none}
        .controls li{grid-template-columns:64px minmax(0,1fr)}.controls .count{grid-column:2;text-align:left}
        .controls .how{grid-column:2}
        th,td{padding-right:12px}
        .wide{display:none}
        .steps,.plot+.unfinished{margin-left:0}
        td.bar{min-width:36px}thead .number{min-width:60px}}
        @media print{
        :root{--page:#fff;--ink:#000;--soft:#444;--rule:#ccc;--grid:#e6e6e6;--track:#eee;--alarm:#fff}
        body{font-size:11pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
        main,header,footer{max-width:none;padding:0}header{padding-top:0}
        @page{margin:14mm}
        .pair{display:block}section{margin-top:24px}
        .tiles,.plot,.legend,.steps,.controls li,tr{break-inside:avoid}
        h2,section>p,thead{break-after:avoid;break-inside:avoid}tbody tr:first-child{break-before:avoid}.plot,.legend{break-before:avoid}
        .scroll{overflow:visible}.name{display:block;overflow:visible}
        details{display:none}}

        """
}
