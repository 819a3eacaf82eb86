// Shows the operations of the API. What is tried out goes by the session of the browser, with the
// form token, as every form of the portal does.
const place = document.getElementById("operations");
const SAFE = ["GET", "HEAD"];

// Swagger UI's own dark colours go by a class of the page.
function followTheme() {
  const root = document.documentElement;
  root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark");
}
followTheme();
document.addEventListener("portal:theme", followTheme);

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  persistAuthorization: false,
  requestInterceptor: (request) => {
    if (!SAFE.includes(request.method ?? "GET")) {
      request.headers["X-CSRFToken"] = place.dataset.csrf;
    }
    return request;
  },
});
