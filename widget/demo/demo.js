// The shop's own script. The chat needs none of this.
document.getElementById("cart").addEventListener("submit", (event) => {
  event.preventDefault();
  document.getElementById("cart-status").textContent = "Dit is een demonstratie: er is niets besteld.";
});
