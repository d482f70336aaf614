package filtertest

import (
	"encoding/json"
	"fmt"
	"html"
	"image"
	_ "image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"cachering/scripts/trials"
)

// ruler is a page around the page of an audit, of the width that is asked for, which
// measures it from outside: the page itself lets no script run.
const ruler = `<!DOCTYPE html><style>body { margin: 0 } iframe { border: 0; display: block }</style>
<iframe src="/page" width="%d" height="6000"></iframe><pre hidden></pre>
<script>
onload = () => {
  const frame = document.querySelector('iframe'), w = frame.contentWindow, d = w.document, out = [];
  const width = d.documentElement.clientWidth;
  if (d.documentElement.scrollWidth > width) out.push('the page is ' + d.documentElement.scrollWidth + ' wide');
  for (const e of d.body.querySelectorAll('*')) for (const r of e.getClientRects())
    if (r.width && (r.right > width + 1 || r.left < -1)) out.push('outside: ' + e.tagName + ' ' + e.textContent.slice(0, 60) + ' ' + r.left + ' to ' + r.right);
  const light = c => { const [r, g, b] = c.match(/[\d.]+/g).map(x => (x /= 255) <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const page = light(w.getComputedStyle(d.body).backgroundColor);
  const boxes = [], walk = d.createTreeWalker(d.body, 4);
  for (let n; n = walk.nextNode();) {
    if (!n.textContent.trim() || n.parentElement.closest('svg')) continue;
    const range = d.createRange(); range.selectNodeContents(n);
    const lines = [...range.getClientRects()].filter(r => r.width > 1);
    if (width > 1152 && lines.length > 1 && n.parentElement.closest('th, td.number:not(.wraps)')) out.push('broken: ' + n.textContent.trim().slice(0, 60));
    for (const r of lines) boxes.push([r.left + 1, r.top + 3, r.right - 1, r.bottom - 3, n.textContent.trim()]);
    const own = light(w.getComputedStyle(n.parentElement).color), ratio = (Math.max(own, page) + 0.05) / (Math.min(own, page) + 0.05);
    if (ratio < 4.5) out.push('contrast ' + ratio.toFixed(2) + ': ' + n.textContent.trim().slice(0, 60));
  }
  const texts = boxes.length;
  for (const s of d.querySelectorAll('svg')) { const r = s.getBoundingClientRect(); boxes.push([r.left, r.top, r.right, r.bottom, 'svg ' + s.getAttribute('class')]); }
  boxes.sort((a, b) => a[1] - b[1]);
  for (let i = 0; i < boxes.length; i++) for (let k = i + 1; k < boxes.length && boxes[k][1] < boxes[i][3]; k++)
    if (boxes[k][0] < boxes[i][2] && boxes[i][0] < boxes[k][2]) out.push('overlap: ' + boxes[i][4].slice(0, 60) + ' | ' + boxes[k][4].slice(0, 60));
  document.querySelector('pre').textContent = JSON.stringify({width, texts, dark: w.matchMedia('(prefers-color-scheme: dark)').matches,
    height: d.documentElement.scrollHeight, background: w.getComputedStyle(d.body).backgroundColor, wrong: out.slice(0, 20), many: out.length});
};
</script>`

// measured is what a ruler tells.
type measured struct {
	Width, Texts, Height, Many int
	Dark                       bool
	Background                 string
	Wrong                      []string
}

// TestPageInBrowser looks at pages in a browser: nothing leaves the window or lies upon
// something else, and all can be read, in a narrow window and in a wide one, light and
// dark. Pictures are kept where go test -artifacts says.
func TestPageInBrowser(t *testing.T) {
	trials.Optional(t, "browser")
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip(trials.NotHad + "chromium")
	}
	f := newPageFarm(t)
	for name, words := range map[string][]string{
		"hostile": {"--keys", "shown", "--top", "40", "--depth", "8"}, "groups": {"--by", "area"}, "sample": {"--sample", "300"},
	} {
		page, _ := f.paged(t, words...)
		var mu sync.Mutex
		asked := map[string]bool{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var width int
			mu.Lock()
			asked[r.URL.Path] = true
			mu.Unlock()
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			if _, err := fmt.Sscanf(r.URL.Path, "/ruler/%d", &width); err == nil {
				fmt.Fprintf(w, ruler, width)
			} else if r.URL.Path == "/page" {
				w.Write(page)
			} else {
				http.NotFound(w, r)
			}
		}))
		t.Cleanup(server.Close)
		for _, width := range []int{400, 1200, 1600} {
			for _, dark := range []bool{false, true} {
				if width == 1200 && dark || name != "hostile" && dark != (width == 400) {
					continue // a browser takes its time
				}
				look := fmt.Sprintf("%s-%d-%v", name, width, map[bool]string{true: "dark", false: "light"}[dark])
				browse := func(words ...string) []byte {
					scheme := 1
					if dark {
						scheme = 0
					}
					cmd := exec.Command(chromium, append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + t.TempDir(),
						fmt.Sprintf("--blink-settings=preferredColorScheme=%d", scheme), fmt.Sprintf("--window-size=%d,6000", max(width, 600))}, words...)...)
					cmd.Env = append(os.Environ(), "HOME="+t.TempDir()) // no profile of anybody
					out, err := cmd.Output()
					if err != nil {
						t.Fatalf("%s: %v", look, err)
					}
					return out
				}
				url := fmt.Sprintf("%s/ruler/%d", server.URL, width)
				picture := filepath.Join(t.ArtifactDir(), look+".png")
				dom := browse("--dump-dom", "--screenshot="+picture, url)
				found := regexp.MustCompile(`(?s)<pre hidden="">(.*?)</pre>`).FindSubmatch(dom)
				var m measured
				if found == nil {
					t.Fatalf("%s: nothing was measured: %.300s", look, dom)
				}
				if err := json.Unmarshal([]byte(html.UnescapeString(string(found[1]))), &m); err != nil {
					t.Fatalf("%s: %v: %s", look, err, found[1])
				}
				if m.Width != width || m.Dark != dark || m.Texts < 100 {
					t.Errorf("%s: %+v", look, m)
				}
				if m.Many > 0 {
					t.Errorf("%s: %d times wrong:\n%s", look, m.Many, strings.Join(m.Wrong, "\n"))
				}
				file, err := os.Open(picture)
				if err != nil {
					t.Fatal(err)
				}
				img, _, err := image.Decode(file)
				file.Close()
				if err != nil {
					t.Fatal(err)
				}
				r, g, b, _ := img.At(2, 2).RGBA()
				if got := fmt.Sprintf("rgb(%d, %d, %d)", r>>8, g>>8, b>>8); got != m.Background {
					t.Errorf("%s: the picture begins with %s, want %s", look, got, m.Background)
				}
			}
		}
		for path := range asked {
			if path != "/page" && path != "/favicon.ico" && !strings.HasPrefix(path, "/ruler/") {
				t.Errorf("%s was asked for", path)
			}
		}
	}
}
