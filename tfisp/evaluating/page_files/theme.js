// The button for the page's colours.

// The system's colours, or the other ones.
function themes(button) {
  const names = ["auto", "light", "dark"];
  let chosen = 0;
  button.addEventListener("click", () => {
    chosen = (chosen + 1) % names.length;
    document.documentElement.dataset.theme = names[chosen];
    button.textContent = `Theme: ${names[chosen]}`;
  });
}
