"""Writes what transformers and Jinja render for the templates and expressions below, for GoldensTest.

    python make_goldens.py OUTPUT-FOLDER      (transformers 5.18.0, jinja2 3.1.6, Python 3.11)
"""
import copy
import datetime
import json
import sys
import warnings

import transformers.utils.chat_template_utils as chat

warnings.simplefilter("ignore")


class Fixed(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 3, 7, 14, 5, 9)


chat.datetime = Fixed

TEMPLATES = {
    "turns": """{% for message in messages %}
{%- if loop.first and message.role != 'system' %}
{{- '<|begin|>system\\nBe brief.<|end|>\\n' }}
{%- endif %}
<|begin|>{{ message['role'] + '\\n' -}}
{% if message.role == 'assistant' %}
{% generation %}{{ message.content | trim }}<|end|>{% endgeneration %}

{% else %}
{{ message.content | trim }}<|end|>
{% endif %}
{% endfor %}
{%- if add_generation_prompt %}
<|begin|>assistant
{% endif %}
""",
    "thinking": """{%- set ns = namespace(last=messages|length - 1, searching=true) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.searching and message.role == "user" and message.content is string and not (message.content.startswith('<answer>') and message.content.endswith('</answer>')) %}
        {%- set ns.searching = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == 'assistant' %}
        {%- set thought = '' %}
        {%- if message.reasoning_content is defined and message.reasoning_content is not none %}
            {%- set thought = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {{- '[' ~ message.role ~ ']' }}
        {%- if loop.index0 > ns.last and (loop.last or thought) %}
            {{- '<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' }}
        {%- endif %}
        {%- generation -%}
        {{- content }}[end]
        {%- endgeneration -%}
    {%- else %}
        {{- '[%s]%s[end]' % (message.role, content) }}
    {%- endif %}
    {{- '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '[assistant]' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
""",
    "tools": """{%- macro shown(schema, depth=0) -%}
{%- if schema.type == 'object' -%}
{ {%- for name, each in schema.properties | dictsort -%}
{{ name }}{{ '' if name in (schema.required or []) else '?' }}: {{ shown(each, depth + 1) }}{{ ', ' if not loop.last }}
{%- endfor -%} }
{%- elif schema.type == 'array' -%}
{{ shown(schema['items'], depth=depth + 1) }}[]
{%- elif schema.type is string -%}
{{ schema.type }}
{%- else -%}
{{ schema.type | join(' | ') }}
{%- endif -%}
{%- endmacro -%}
{{- bos_token }}
{%- if tools %}
# Tools of {{ strftime_now('%d %B %Y') }}
{% for tool in tools %}
{{ loop.index }}. {{ tool.function.name }}{{ shown(tool.function.parameters) }}
{{ tool | tojson(indent=2) }}
{{ tool.function | tojson }}
{% endfor %}
{% endif %}
{% for message in messages %}
{% if message.tool_calls is defined and message.tool_calls %}
{% for call in message.tool_calls -%}
<call {{ call.function.name }}>
{%- if call.function.arguments is mapping %}
{% for key, value in call.function.arguments.items() %}
<{{ key }}>{{ value | tojson | safe if value is mapping or (value is sequence and value is not string) else value | string }}</{{ key }}>
{% endfor %}
{%- else %}{{ call.function.arguments }}
{%- endif %}
</call>
{% endfor %}
{%- elif message.role == 'tool' -%}
{%- if loop.previtem and loop.previtem.role != 'tool' %}<results>{% endif %}
<result>{{ message.content }}</result>
{%- if loop.last or loop.nextitem.role != 'tool' %}</results>{{ '\\n' }}{% endif %}
{%- else %}
{{ message.role | upper }}: {{ message.content | default('(nothing)', true) }}{{ eos_token }}
{% endif %}
{% endfor %}""",
    "strict": """{% set messages = messages[1:] if messages and messages[0]['role'] == 'system' else messages %}
{% for message in messages %}
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
{{ raise_exception('Roles must alternate: number ' + loop.index | string + ' is ' ~ message['role']) }}
{% endif %}
{% if message['content'] is string %}
{% set text = message['content'] %}
{% else %}
{% set text %}{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ part['text'] }}{% if not loop.last %} {% endif %}{% endfor %}{% endset %}
{% endif %}
{{ bos_token if loop.first else '' }}[{{ message['role'] | capitalize }}] {{ text | replace('\\n', ' / ') }} [/{{ message['role'][0] | upper }}]{{ eos_token if message['role'] == 'assistant' }}
{% endfor %}
""",
    "control": """{# Loop controls, filters of tags, blocks of white space #}
{% for message in messages if message.role != 'system' %}
  {%- if message.content is none %}{% continue %}{% endif %}
  {%+ if loop.index > 3 %}...{% break %}{% endif %}
  {% filter indent(2, true) %}
{{ message.content }}
{% endfilter %}
{% else %}
No messages.
{% endfor %}
{% with count = messages | length, roles = messages | map(attribute='role') | unique | list %}
{{ count }} by {{ roles | join(', ') }}; {{ messages | rejectattr('role', 'in', ['user', 'system']) | list | length }} others
{% endwith %}
{% raw %}{{ as it is }} {% endraw +%}
{% macro box(title, mark='*') %}{{ mark }}{{ title }}:{{ caller(title | length) }}{{ mark }}{% endmacro %}
{% call(n) box('last', mark='#') %}{{ n }}{{ (messages | last).content }}{% endcall %}
""",
}


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def call(name, arguments):
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


SYSTEM = {"role": "system", "content": " Be kind.\n"}
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "The \"weather\" of a city <now> \u00e9", "parameters": {
    "type": "object", "required": ["city"], "properties": {
        "unit": {"type": ["string", "null"], "enum": ["c", None]}, "city": {"type": "string"},
        "days": {"type": "array", "items": {"type": "integer"}}, "more": {"type": "object", "properties": {}}}}}}]
CONVERSATIONS = {
    "one": [user("Hello! ")],
    "several": [SYSTEM, user("a\nb"), assistant(" c "), user("d"), assistant("e\n")],
    "unicode": [SYSTEM, user("\u4f60\u597d \U0001F600"), assistant("\u00a0\u00dc \u2028 \U0001F468\u200D\U0001F4BB!"), user("\u3000?")],
    "thoughts": [user("2+2?"), assistant("<think>\nsum\n</think>\n\n4"), user("<answer>5</answer>"),
                 assistant("5", reasoning_content="\ngiven\n")],
    "calls": [SYSTEM, user("Weather?"), assistant(None, tool_calls=[
        call("weather", {"city": "Z\u00fcrich", "days": [1, 2.5, True, None], "more": {"a": "<b>"}, "n": 1e-7}), call("weather", "{\"city\": 1}")]),
              {"role": "tool", "content": "{\"t\": 1}"}, {"role": "tool", "content": "2"}, assistant("Sunny."), user("Thanks")],
    "parts": [user([{"type": "text", "text": "See"}, {"type": "image"}, {"type": "text", "text": "this\n"}]), assistant("Seen")],
    "refused": [user("a"), user("b")],
    "empty": [user(""), assistant("")],
}

VALUES = {"s": "Hello, W\u00f6rld \U0001F600!", "e": "", "sp": "  a b\tc\n d \u00a0", "l": ["b", "a", "C", ""], "n": [3, 1, 2, 2],
          "m": [1, "x", None, True, 2.5, ["q"], {"k": 1}], "d": {"a": 1, "b": "two", "items": 3, "Z": None}, "i": 7, "neg": -3, "f": 2.5,
          "big": 1e20, "small": 1e-7, "t": True, "none": None, "html": "<b>&'\"", "lines": "l1\nl2\r\nl3\n\nl5\u2028l6",
          "msgs": [{"role": "user", "n": 2}, {"role": "assistant", "n": 1, "tool": True}, {"role": "User", "n": 3}]}

EXPRESSIONS = r"""
1 + 2 * 3 ** 2 ** 2 ;; 7 // -2, -7 // 2, 7 % -3, -7.5 % 2, 7 / 2, 2 ** -1, 1e3, 0x1f, 0b101, 1_000 ;; 1.0, 1e16, 1e15, 123456.789, 0.0001, 0.00001, 1e100, -0.0, 5e-324
'a' ~ 1 ~ none ~ 1.0 ~ true ;; 'ab' * 3, [1] * 2, -1 * 'x' ;; 1 < 2 < 3, 1 < 3 < 2, 1 == 1.0, true == 1, 'a' < 'b', [1, 2] < [1, 3], (1,) == (1,) ;; 1 < 'a'
'a' in 'abc', 'd' not in s, 1 in n, 'a' in d, none in m ;; 1 in 'abc' ;; not none, none or 'x', 'y' and 0, '' or [] or {} ;; 'a' if f > 2 else 'b' ;; ('a' if false) is defined
s[0], s[-2], s[7], s[100] ;; s[13], s[13:], s[::-1], s[-8:-1:3], s[:5], sp[2:-1], n[::2], (1, 2, 3)[1:], 'abc'[1:100] ;; n[::0] ;; d.a, d['b'], d.items is callable, d['items'] ;; d.missing, m[6].k, msgs[0]['role']
d.missing.more ;; missing ;; missing.more ;; missing + 1 ;; missing == other, missing is defined, missing ~ 'x', [missing] | length ;; none.x, 1.x, n.x
m ;; d ;; 'it\'s', ["it's", 'a"b', 'both \' "', '\n\t\\\x01\u200b\u00e9'] ;; {1: 'a', true: 'b', 1.0: 'c', none: 'd', (1, 2): 'e'} ;; (1,), (), [[]], {'a': {}} ;; range(5) | list, range(1, 7, 2), range(3, 0, -1) | list ;; range(1000000)
"\x41\u00e9\N{BULLET}\101\q" 'joined' ;; s.upper(), s.lower(), 'hello wORLD'.title(), 'hELLO'.capitalize(), 'aB'.swapcase() ;; sp.strip(), sp.lstrip(), sp.rstrip(), 'xxaxx'.strip('x'), 'abcba'.rstrip('ab'), '  a'.strip(none)
sp.split(), 'a,b,,c'.split(','), 'a,b,c'.split(',', 1), 'a b  c '.split(none, 1), 'a,b,c'.rsplit(',', 1), ' a b  c'.rsplit(none, 1), ''.split(), ''.split(',') ;; 'a'.split('') ;; lines.splitlines(), lines.splitlines(true), ''.splitlines()
s.startswith('He'), s.startswith(('x', 'H')), s.endswith('!'), s.endswith('W', 0, 8), s.startswith('W', 7) ;; s.replace('l', 'L'), s.replace('l', '', 1), 'abc'.replace('', '-'), 'abc'.replace('', '-', 2) ;; s.find('W'), s.rfind('l'), s.find('zz'), s.index('\U0001F600'), s.count('l'), 'aaa'.count('aa'), 'abc'.count('')
s.index('zz') ;; ', '.join(['a', 'b']), '-'.join('abc') ;; ', '.join([1]) ;; '{} and {}'.format(1, 'x'), '{1}{0}'.format('a', 'b'), '{a:>4}|{b:.2f}|{{}}'.format(a='x', b=2.345), '{:05d} {:x} {:,}'.format(42, 255, 1234567) ;; '{}'.format()
'%s %d %.2f %5s|%-5s| %r %%' % ('a', 3, 1.005, 'b', 'c', 'd') ;; '%(a)s %(b)03d' % {'a': 1, 'b': 2} ;; '%s' % [1] ;; '%s %s' % ('a',) ;; '12'.isdigit(), 'a1'.isalnum(), 'ab'.isalpha(), ' \t'.isspace(), 'A'.isupper(), 'a'.islower(), '\u00b2'.isdigit(), '\u00b2'.isdecimal(), ''.isdigit()
'a'.center(4), 'a'.center(5, '*'), 'a'.ljust(3) ~ '|', 'a'.rjust(3), '-7'.zfill(4), 'a-b-c'.partition('-'), 'a-b-c'.rpartition('-'), 'abc'.removeprefix('ab'), 'abc'.removesuffix('x'), 'a\tb'.expandtabs(4)
d.get('a'), d.get('q'), d.get('q', 5), d.keys() | list, d.values() | list, d.items() | list, n.index(2), n.count(2), (1, 2).index(2) ;; n.append(4) ;; d.update({}) ;; d.pop('a') ;; n.append ;; l.sort()
m | tojson, d | tojson(indent=2), [] | tojson(indent=2), {'a': [], 'b': {}} | tojson(indent=4) ;; s | tojson, s | tojson(ensure_ascii=true), html | tojson, '\u2028\x7f\x01' | tojson ;; {1: 1, none: 2, true: 3, 1.5: 4} | tojson, (1, 2) | tojson, 1e20 | tojson, {'b': 1, 'a': 2} | tojson(sort_keys=true), [1, 2] | tojson(separators=(',', ':'))
missing | tojson ;; d.items() | tojson ;; range(2) | tojson ;; sp | trim, 'xax' | trim('x'), none | trim, 5 | upper, [1] | string, s | length, d | count, missing | length ;; 5 | length ;; l | join, n | join(', '), msgs | join('+', attribute='role') ;; missing | default('x'), none | default('x'), none | default('x', true), '' | d('y', boolean=true)
'hello world-foo (bar)' | title, 'hELLO' | capitalize ;; 'aXbX' | replace('X', 'y'), 'aXbX' | replace('X', 'y', 1), 5 | replace(5, 6) ;; l | first, l | last, [] | first, s | first, d | first ;; l | reverse | list, s | reverse ;; l | sort, l | sort(case_sensitive=true), l | sort(reverse=true), msgs | sort(attribute='n'), msgs | sort(attribute='role,n') ;; m | sort
d | dictsort, d | dictsort(reverse=true), {'b': 1, 'A': 2} | dictsort(true), {'b': 1, 'A': 2} | dictsort(by='value') ;; d | items | list, missing | items | list ;; none | items | list ;; l | map('upper') | list, msgs | map(attribute='role') | list, msgs | map(attribute='tool', default='-') | list, l | map('default', 'x', true) | join
l | map('nofilter') | list ;; n | select('>', 1) | list, n | reject('odd') | list, l | select | list, m | select('none') | list, msgs | selectattr('tool') | list, msgs | selectattr('role', 'equalto', 'user') | list, msgs | rejectattr('tool', 'defined') | map(attribute='n') | sum
l | unique | list, [1, 1.0, true, 'a', 'A'] | unique | list, n | min, n | max, l | max, [] | min, msgs | max(attribute='n'), n | sum, n | sum(start=10), msgs | sum(attribute='n') ;; '42' | int, '4.7' | int, 'x' | int, 'x' | int(5), 'ff' | int(base=16), '0x1f' | int(0, 16), none | int, true | int, ' 1_0 ' | int
'1.5' | float, 'x' | float, 'inf' | float, 3 | float ;; -5 | abs, 2.5 | round, 3.5 | round, 2.675 | round(2), 1234 | round(-2), 2.1 | round(method='ceil'), -2.15 | round(1, 'floor'), 5 | round ;; 'a\nb\n\nc' | indent, 'a\nb' | indent(2, true), 'a\n\nb' | indent(first=true, blank=true), 'a\nb' | indent('> ')
n | batch(3) | list, n | batch(3, 0) | list, n | slice(3) | list, n | slice(3, 'x') | list ;; html | e, html | escape | safe, '<' | safe, ('<' | safe) + '<', ('<' | safe) ~ '<', ['<' | safe] ;; 'a b&c/d' | urlencode, {'a': 'b c'} | urlencode ;; 'one two three' | truncate(7), 'one two three' | truncate(9, true), 'one two three' | truncate(5, leeway=0, end='.')
'one two' | wordcount, 'a' | center(5) ~ '|' ;; '%s-%s' | format(1, 2) ;; 1 is odd, 2 is even, 9 is divisibleby 3, 9 is divisibleby(2) ;; none is none, 1 is number, true is number, 1.0 is float, 1 is integer, true is integer, true is boolean, 's' is string, d is mapping, l is sequence, d is sequence, d is iterable, 5 is iterable, s is iterable, d.items() is sequence
1 is in [1], 1 is not in [1], 1 is eq 1, 1 is ne 2, 1 is lt 2, 1 is ge 1, 'a' is equalto 'a', 1 is sameas 1, none is sameas none, true is true, 1 is true, false is false, 'A' is upper, 'a' is lower, missing is undefined, namespace is callable, ('a' | e) is escaped, 'trim' is filter, 'odd' is test
1 is nosuchtest ;; x | nosuchfilter ;; raise_exception('no'), 1 ;; dict(a=1, b=2), dict([('x', 1)]), dict({'y': 2}, z=3) ;; namespace(a=1).a ;; strftime_now('%Y-%m-%d %H:%M:%S %A %B %b %a %j %y %I %p %e %%') ;; f.__class__, s.__len__ ;; {[]: 1} ;; s.upper(1) ;; 1() ;; -s ;; +true, -true, - -3 ;; 1 if ;; [1, 2 ;; {'a' 1} ;; 'open
not 1 == 2, (not 1) == 2 ;; 1 + 1 ~ 2 + 2 ;; -2 ** 2 ;; 2 ** 3 ** 2 ;; l | map('length') | list is sequence ;; a.b.c is defined ;; s is string and s | length > 3 ;; d | length > 2 and 'x' or 'y' ;; [1, 2, 3][1:] + [4] == [2, 3, 4] ;; (l, n)[0][1] ;; m[6]['k'] + 1 ;; 'a' 'b' + 'c'
"""


def rendered(template, variables):
    try:
        compiled = chat._cached_compile_jinja_template(template)
        given = dict(messages=None, tools=None, documents=None, add_generation_prompt=False, **copy.deepcopy(variables)) \
            if "messages" not in variables else copy.deepcopy(variables)
        more = {k: v for k, v in given.items() if k not in ("messages", "tools", "documents", "add_generation_prompt")}
        text, spans = chat._render_with_assistant_indices(compiled, given.get("messages"), given.get("tools"), given.get("documents"),
                                                          given.get("add_generation_prompt"), **more)
        # Python counts characters; Java counts UTF-16 units.
        units = lambda end: len(text[:end].encode("utf-16-le")) // 2
        return {"text": text, "generated": [[units(a), units(b)] for a, b in spans]}
    except Exception as e:
        return {"refused": f"{type(e).__name__}: {e}"}


MORE = {"plain": {"tools": None, "add_generation_prompt": False}, "tools": {"tools": TOOLS, "add_generation_prompt": True, "enable_thinking": False}}
SAME = {"documents": None, "bos_token": "<s>", "eos_token": "</s>"}


def conversations():
    cases = []
    for name, template in TEMPLATES.items():
        for which, messages in CONVERSATIONS.items():
            for prompt, more in MORE.items():
                variables = {"messages": messages, **SAME, **more}
                cases.append({"template": name, "conversation": which, "more": prompt, **rendered(template, variables)})
    return {"templates": TEMPLATES, "conversations": CONVERSATIONS, "more": {name: {**SAME, **each} for name, each in MORE.items()}, "cases": cases}


def expressions():
    cases = []
    for line in EXPRESSIONS.strip().split("\n"):
        for expression in line.split(" ;; "):
            template = "{{ " + expression + " }}"
            cases.append({"template": template, **{k: v for k, v in rendered(template, VALUES).items() if k != "generated"}})
    return {"variables": VALUES, "cases": cases}


if __name__ == "__main__":
    for file, values in (("conversations.json", conversations()), ("expressions.json", expressions())):
        with open(f"{sys.argv[1]}/{file}", "w") as out:
            json.dump(values, out, indent=1)
            out.write("\n")
        print(file, len(values["cases"]), sum("refused" in case for case in values["cases"]), "refused")
