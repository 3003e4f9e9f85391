'use strict';
// Renders /openapi.json: operations by tag, with roles, reasons, a curl line and a form to try them.
var roleNames = {};
var ROWS = { OWN: '本人的', PLACE: '岗位所辖', HOME: '居住地', DEPARTMENT: '本部门', DISTRICT: '本区' };
var reasons = {};

function element(name, properties, children) {
  var node = document.createElement(name);
  Object.keys(properties || {}).forEach(function (key) {
    if (key === 'onclick') { node.addEventListener('click', properties[key]); } else if (key in node) { node[key] = properties[key]; } else { node.setAttribute(key, properties[key]); }
  });
  (children || []).forEach(function (child) {
    if (child) { node.appendChild(typeof child === 'string' ? document.createTextNode(child) : child); }
  });
  return node;
}

function pretty(value) { return JSON.stringify(value, null, 2); }

function token() { return document.getElementById('token').value.trim(); }

function rolesOf(operation) {
  var rule = operation['x-roles'] || {};
  var texts = [];
  if (rule.public) { texts.push('所有人 public'); }
  if (rule.signed_in) { texts.push('已登录 signed in · ' + (ROWS[rule.signed_in] || rule.signed_in)); }
  (rule.grants || []).forEach(function (grant) {
    texts.push((roleNames[grant.role] || grant.role) + ' ' + grant.role + ' · ' + (ROWS[grant.rows] || grant.rows) + (grant.level ? ' · ' + grant.level : ''));
  });
  return texts;
}

function typeOf(schema) {
  if (!schema) { return ''; }
  if (schema.$ref) { return schema.$ref.split('/').pop(); }
  if (schema.anyOf) { return schema.anyOf.map(typeOf).join(' | '); }
  if (schema.enum) { return schema.enum.filter(function (one) { return one !== null; }).join(' | '); }
  if (schema.type === 'array') { return '[' + typeOf(schema.items) + ']'; }
  return [].concat(schema.type || '').join(' | ') + (schema.format ? ' (' + schema.format + ')' : '');
}

function fieldsTable(rows) {
  return element('table', {}, [element('tbody', {}, rows.map(function (row) {
    return element('tr', {}, [element('td', {}, [element('code', { textContent: row[0] })]), element('td', { textContent: row[1] }), element('td', { className: 'about', textContent: row[2] || '' })]);
  }))]);
}

function bodyOf(operation) {
  var content = operation.requestBody && operation.requestBody.content;
  return content && content['application/json'];
}

function codesOf(operation) {
  var own = (operation['x-reasons'] || []).slice();
  var general = [];
  Object.keys(operation.responses).forEach(function (status) {
    (operation.responses[status]['x-codes'] || []).forEach(function (code) {
      if (own.indexOf(code) < 0 && general.indexOf(code) < 0) { general.push(code); }
    });
  });
  return { own: own, general: general };
}

function reasonsTable(codes) {
  return fieldsTable(codes.map(function (code) {
    var reason = reasons[code] || {};
    return [code, String(reason.status || ''), (reason.zh || '') + ' ' + (reason.en || '')];
  }));
}

function refusals(operation) {
  var codes = codesOf(operation);
  var parts = [element('h3', { textContent: '可能的拒绝 Refusals' })];
  if (codes.own.length) { parts.push(reasonsTable(codes.own)); }
  if (codes.general.length) {
    parts.push(element('details', { className: 'general' }, [element('summary', { textContent: '通用的拒绝 General (' + codes.general.length + ')' }), reasonsTable(codes.general)]));
  }
  return codes.own.length + codes.general.length ? parts : [];
}

function curl(method, path, body, headers) {
  var line = 'curl -sS -X ' + method.toUpperCase() + " '" + location.origin + path + "'";
  if (token()) { line += " \\\n  -H 'Authorization: Bearer " + token() + "'"; }
  Object.keys(headers).forEach(function (name) { line += " \\\n  -H '" + name + ': ' + headers[name].replace(/'/g, "'\\''") + "'"; });
  if (body) { line += " \\\n  -H 'Content-Type: application/json' \\\n  -d '" + body.replace(/'/g, "'\\''") + "'"; }
  return line;
}

function attempt(method, path, operation) {
  var inputs = {};
  var box = element('div', {});
  (operation.parameters || []).forEach(function (parameter) {
    var input = element('input', { value: parameter.example || '', placeholder: parameter.in });
    inputs[parameter.name] = { input: input, where: parameter.in };
    box.appendChild(element('div', { className: 'field' }, [element('label', { textContent: parameter.name }), input]));
  });
  var json = bodyOf(operation);
  var area = json ? element('textarea', { value: pretty(json.example || {}) }) : null;
  var upload = operation.requestBody && operation.requestBody.content['multipart/form-data'] ? element('input', { type: 'file' }) : null;
  var command = element('pre', {});
  var outcome = element('pre', { hidden: true });
  function address() {
    var query = [];
    var filled = path;
    Object.keys(inputs).forEach(function (name) {
      var value = inputs[name].input.value;
      if (inputs[name].where === 'path') { filled = filled.replace('{' + name + '}', encodeURIComponent(value)); } else if (value && inputs[name].where === 'query') { query.push(name + '=' + encodeURIComponent(value)); }
    });
    return filled + (query.length ? '?' + query.join('&') : '');
  }
  function conditions() {
    var headers = {};
    Object.keys(inputs).forEach(function (name) {
      var value = inputs[name].input.value.trim();
      if (inputs[name].where === 'header' && value) { headers[name] = value; }
    });
    return headers;
  }
  function show() {
    command.textContent = upload ? 'curl -sS ' + "'" + location.origin + path + "' -H 'Authorization: Bearer …' -F file=@photo.jpg" : curl(method, address(), area && area.value, conditions());
  }
  function send() {
    var headers = conditions();
    headers['Accept-Language'] = document.getElementById('language').value;
    if (token()) { headers.Authorization = 'Bearer ' + token(); }
    var options = { method: method.toUpperCase(), headers: headers };
    if (area) { headers['Content-Type'] = 'application/json'; options.body = area.value; }
    if (upload && upload.files[0]) { options.body = new FormData(); options.body.append('file', upload.files[0]); }
    outcome.hidden = false;
    outcome.textContent = '……';
    fetch(address(), options).then(function (response) {
      return response.text().then(function (text) {
        var shown = text;
        try { shown = pretty(JSON.parse(text)); } catch (error) { shown = text.slice(0, 4000); }
        outcome.textContent = response.status + ' ' + (response.headers.get('etag') ? 'ETag: ' + response.headers.get('etag') : '') + '\n' + shown;
      });
    }).catch(function (error) { outcome.textContent = String(error); });
  }
  box.addEventListener('input', show);
  [area, upload].forEach(function (node) { if (node) { box.appendChild(node); } });
  box.appendChild(element('p', {}, [element('button', { textContent: '发送 Send', onclick: send })]));
  box.appendChild(element('h3', { textContent: 'curl' }));
  box.appendChild(command);
  box.appendChild(outcome);
  show();
  document.getElementById('token').addEventListener('input', show);
  return box;
}

function inside(method, path, operation) {
  var parts = [element('p', { className: 'about', textContent: operation.description || '' })];
  parts.push(element('p', {}, rolesOf(operation).map(function (text) { return element('span', { className: 'role', textContent: text }); })));
  if ((operation.parameters || []).length) {
    parts.push(element('h3', { textContent: '参数 Parameters' }));
    parts.push(fieldsTable(operation.parameters.map(function (one) { return [one.name + (one.required ? ' *' : ''), one.in + ' · ' + typeOf(one.schema), one.description]; })));
  }
  var json = bodyOf(operation);
  if (json) {
    parts.push(element('h3', { textContent: '请求体 Body' }));
    var properties = (json.schema && json.schema.properties) || {};
    parts.push(fieldsTable(Object.keys(properties).map(function (name) { return [name, typeOf(properties[name]), properties[name].description]; })));
  }
  var good = operation.responses['200'];
  var example = good && good.content && good.content['application/json'] && good.content['application/json'].example;
  if (example) { parts.push(element('h3', { textContent: '200' }), element('pre', { textContent: pretty(example) })); }
  parts = parts.concat(refusals(operation));
  parts.push(element('h3', { textContent: '试一试 Try it' }), attempt(method, path, operation));
  return element('div', {}, parts);
}

function card(method, path, operation) {
  var details = element('details', { className: 'operation', id: operation.operationId }, [element('summary', {}, [
    element('span', { className: 'method ' + method, textContent: method.toUpperCase() }),
    element('code', { className: 'path', textContent: path }),
    element('span', { className: 'summary', textContent: operation.summary || '' })
  ])]);
  details.setAttribute('data-text', [path, method, operation.operationId, operation.summary, operation.description].concat(rolesOf(operation), codesOf(operation).own).join(' ').toLowerCase());
  details.addEventListener('toggle', function () {
    if (details.open && !details.querySelector('div')) { details.appendChild(inside(method, path, operation)); }
  });
  return details;
}

function render(spec) {
  document.getElementById('version').textContent = 'v' + spec.info.version;
  document.getElementById('about').textContent = spec.info.description;
  spec['x-role-names'].forEach(function (one) { roleNames[one.role] = one.name; });
  spec['x-reasons'].forEach(function (reason) {
    reasons[reason.code] = reason;
    document.getElementById('reasons').appendChild(element('tr', { id: reason.code }, [
      element('td', {}, [element('code', { textContent: reason.code })]), element('td', { textContent: String(reason.status) }),
      element('td', { textContent: reason.zh }), element('td', { textContent: reason.en })
    ]));
  });
  var root = document.getElementById('operations');
  root.textContent = '';
  spec['x-tagGroups'].forEach(function (group) {
    var about = spec.tags.filter(function (tag) { return group.tags.indexOf(tag.name) >= 0; }).map(function (tag) { return tag.description; });
    var section = element('section', {}, [element('h2', { textContent: group.name }), element('p', { className: 'about', textContent: about.join('\n') })]);
    Object.keys(spec.paths).forEach(function (path) {
      Object.keys(spec.paths[path]).forEach(function (method) {
        var operation = spec.paths[path][method];
        if (group.tags.indexOf(operation.tags[0]) >= 0) { section.appendChild(card(method, path, operation)); }
      });
    });
    root.appendChild(section);
  });
  follow();
}

// Opens and shows what #Operation or #CODE names.
function follow() {
  var target = location.hash && document.getElementById(location.hash.slice(1));
  document.querySelectorAll('.named').forEach(function (node) { node.classList.remove('named'); });
  if (target) { target.open = true; target.classList.add('named'); target.scrollIntoView(); }
}
window.addEventListener('hashchange', follow);

document.getElementById('search').addEventListener('input', function (event) {
  var wanted = event.target.value.trim().toLowerCase();
  document.querySelectorAll('details.operation').forEach(function (details) {
    details.hidden = wanted !== '' && details.getAttribute('data-text').indexOf(wanted) < 0;
  });
  document.querySelectorAll('#operations section').forEach(function (section) {
    section.hidden = !section.querySelector('details.operation:not([hidden])');
  });
});
document.getElementById('token').value = sessionStorage.getItem('token') || '';
document.getElementById('token').addEventListener('input', function () { sessionStorage.setItem('token', token()); });

fetch('/openapi.json').then(function (response) { return response.json(); }).then(render).catch(function (error) {
  document.getElementById('operations').textContent = '读取失败：' + error;
});
