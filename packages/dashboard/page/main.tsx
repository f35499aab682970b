import { render } from 'preact'
import { App } from './components/app.tsx'

const place = document.getElementById('app')
if (place !== null) render(<App title={document.title} />, place)
