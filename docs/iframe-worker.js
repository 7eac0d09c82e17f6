/* Search in a site that is opened from a folder: no browser starts a worker from a file, so a hidden frame does its work. */
if (location.protocol === "file:")
  window.Worker = class extends EventTarget {
    constructor(address) {
      super()
      const frame = document.body.appendChild(document.createElement("iframe"))
      frame.hidden = true
      const inside = frame.contentWindow
      inside.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }))
      const script = frame.contentDocument.createElement("script")
      this.inside = new Promise(ready => (script.onload = () => ready(inside)))
      script.src = address
      frame.contentDocument.head.append(script)
    }
    async postMessage(data) {
      ;(await this.inside).dispatchEvent(new MessageEvent("message", { data }))
    }
  }
