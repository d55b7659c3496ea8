// Shows the document of the API; a file of its own, because the policy of this site allows no script in a page.
// Closed, with a filter: of a long open list only what is in sight is in the page, and a browser's search finds no more.
window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  filter: true,
});
