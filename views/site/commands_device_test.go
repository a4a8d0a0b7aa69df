package site

import (
	"net/http"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/views"
)

func TestPastedDevicePolls(t *testing.T) {
	c := demo()
	c.Device, c.DeviceScope = "living-room", "openid read:timesheets"
	c.Introduce = func(*http.Request) (views.Start, error) { return views.Start{}, nil }
	pre := blocks(t, get(c, "/").Body.String())
	device := pre[len(pre)-2:]
	args, out := shell(t, `{"device_code":"pcd_9-_z","user_code":"BCDF-GHJK","interval":5}`, strings.Join(device, "\n"))
	got := strings.Join(args, " ")
	for _, want := range []string{
		"-s -d client_id=living-room --data-urlencode scope=openid read:timesheets http://localhost:8484/oauth/device/code",
		"-s -d grant_type=urn:ietf:params:oauth:grant-type:device_code -d client_id=living-room -d device_code=pcd_9-_z http://localhost:8484/oauth/token",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	// What is not authorization_pending ends the loop.
	if n := strings.Count(got, "device_code=pcd_9-_z"); n != 1 || strings.Count(out, "BCDF-GHJK") != 2 {
		t.Errorf("polled %d times, shown %q", n, out)
	}
	c.Device = ""
	if strings.Contains(get(c, "/").Body.String(), "/oauth/device/code") {
		t.Error("commands for a client that is not there")
	}
}
