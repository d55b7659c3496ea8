// Shows the document of the API; a file of its own, because the policy of this site allows no script in a page.
window.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null });
