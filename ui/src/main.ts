/// Entry of the page in the window.
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import { mount } from 'svelte';
import App from '$views/App.svelte';

const target = document.getElementById('app');
if (target) mount(App, { target });
