// The part of the dashboard that changes comes by server-sent events; without them a refresh shows it.
const place = document.querySelector("[data-live]");
if (place && "EventSource" in window) {
  const source = new EventSource(place.dataset.live);
  source.addEventListener("live", (event) => { place.innerHTML = event.data; });
}

// Every moment is written in UTC; here it is read in the zone of whoever looks, and UTC is its title.
const two = (number) => String(number).padStart(2, "0");
for (const each of document.querySelectorAll("time[datetime]")) {
  const at = new Date(each.dateTime);
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two);
  const hasSeconds = each.textContent.length > 16;
  each.title = `${each.textContent} UTC`;
  each.textContent = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock.slice(0, hasSeconds ? 3 : 2).join(":")}`;
}
for (const each of document.querySelectorAll("[data-zone]")) {
  each.textContent = `times are those of ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
}
