// The part of the dashboard that changes comes by server-sent events; without them a refresh shows it.
const place = document.querySelector("[data-live]");
if (place && "EventSource" in window) {
  const source = new EventSource(place.dataset.live);
  source.addEventListener("live", (event) => { place.innerHTML = event.data; });
}
