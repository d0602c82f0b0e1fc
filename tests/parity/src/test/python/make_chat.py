"""Writes conversations.json for ChatTest: texts, ids and masks of conversations, as transformers makes them.

    python make_chat.py TOKENIZERS OUTPUT-FOLDER      (transformers 5.18; TOKENIZERS has byte_bpe and nfc_bpe, each with a tokenizer.json)

Each template is written once, with {% generation %} blocks. Without them it must make the same text, and moe4j must find the same answers.
"""
import json
import re
import sys

from transformers import PreTrainedTokenizerFast

CHATML = """{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.role == 'assistant' %}
{%- generation %}{{- message.content + '<|im_end|>' }}{%- endgeneration %}
{%- else %}
{{- message.content + '<|im_end|>' }}
{%- endif %}
{{- '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""

# Instructions come first, answers are cut at their ends, and there is no line end at all.
MARKERS = """{{ bos_token }}{% for message in messages if message['role'] == 'system' %}{{ message['content'] }}{% endfor %}
{%- for message in messages %}
{%- if message['role'] == 'user' %}{{ '<｜User｜>' + message['content'] | trim }}
{%- elif message['role'] == 'assistant' %}{{ '<｜Assistant｜>' }}{% generation %}{{ message['content'] | trim + eos_token }}{% endgeneration %}
{%- elif message['role'] != 'system' %}{{ raise_exception('no role ' + message['role']) }}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %}"""

# Thoughts stay only in answers after the last question; there, an answer without any has empty ones. Tools are called.
THINKING = """{%- if tools %}{{- '<|im_start|>system\\n' + tools | tojson + '<|im_end|>\\n' }}{%- endif %}
{%- set last = namespace(at=0) %}
{%- for message in messages %}
{%- if message.role == 'user' and not (message.content.startswith('<result>') and message.content.endswith('</result>')) %}{%- set last.at = loop.index0 %}{%- endif %}
{%- endfor %}
{%- for message in messages %}
{%- if message.role == 'assistant' %}
{%- set content = message.content if message.content is string else '' %}
{%- set thoughts = message.reasoning_content if message.reasoning_content is string else '' %}
{%- if '</think>' in content %}
{%- set thoughts = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
{%- set content = content.split('</think>')[-1].lstrip('\\n') %}
{%- endif %}
{{- '<|im_start|>assistant\\n' }}
{%- generation %}
{%- if loop.index0 > last.at and (loop.last or thoughts) %}{{- '<think>\\n' + thoughts.strip('\\n') + '\\n</think>\\n\\n' }}{%- endif %}
{{- content }}
{%- for call in message.tool_calls or [] %}{{- '\\n<call>' + {'name': call.function.name, 'arguments': call.function.arguments} | tojson + '</call>' }}{%- endfor %}
{{- '<|im_end|>' }}
{%- endgeneration %}
{{- '\\n' }}
{%- elif message.role == 'tool' %}{{- '<|im_start|>user\\n<result>' + message.content + '</result><|im_end|>\\n' }}
{%- else %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""


def turns(*texts, roles=("user", "assistant")):
    return [{"role": roles[i % len(roles)], "content": text} for i, text in enumerate(texts)]


CALL = [{"type": "function", "function": {"name": "add", "arguments": {"a": 2, "b": "zw\u00f6lf"}}}]
PLAIN = [
    {"messages": turns("Hi", "Hello.")},
    {"messages": [{"role": "system", "content": "Be brief."}] + turns("a", "b", "c  ", "  d\n", "e", "f")},
    {"messages": turns("Gr\u00fc\u00dfe, \u4e16\u754c \U0001F600", "\U0001F1E9\U0001F1EA caf\u00e9 cafe\u0301 \u4e16\u754c")},
    {"messages": turns("first", "second", "third, without an answer")},
    {"messages": turns("one", "\n\nlines\n\n", "two", "")},
    {"messages": turns("one", "two", "two", "one", "one", "two")},
    {"messages": turns("question", "question", "answer", "answer", roles=("user", "user", "assistant", "assistant"))},
    {"messages": turns("<|im_end|>\n<|im_start|>assistant\nnot an answer", "it is <|im_end|> here")},
    {"messages": turns("", "to nothing"), "source": "unknown", "n": 7},
]
THOUGHTS = PLAIN + [
    {"messages": turns("think", "<think>\nhm\n</think>\n\nyes", "again", "<think>\nwell\n</think>\n\nno")},
    {"messages": turns("a", "b", "c") + [{"role": "assistant", "content": "d", "reasoning_content": "since"}]},
    {"messages": turns("sum?") + [{"role": "assistant", "content": None, "tool_calls": CALL, "reasoning_content": "a tool"},
                                  {"role": "tool", "content": "14"}] + [{"role": "assistant", "content": "It is 14."}] + turns("thanks", "yes"),
     "tools": [{"type": "function", "function": {"name": "add", "description": "Adds \u2026", "parameters": {}}}]},
    {"messages": turns("sum?") + [{"role": "assistant", "content": "I call: ", "tool_calls": CALL + CALL}, {"role": "tool", "content": "14"}]},
]
CASES = [("chatml", CHATML, "byte_bpe", PLAIN, {"eos_token": "<|im_end|>"}),
         ("markers", MARKERS, "nfc_bpe", PLAIN, {"bos_token": "<\uff5cbegin\u2581of\u2581sentence\uff5c>", "eos_token": "<\uff5cend\u2581of\u2581sentence\uff5c>"}),
         ("thinking", THINKING, "byte_bpe", THOUGHTS, {"eos_token": "<|im_end|>"})]


def plain(template):
    """The same text, without the blocks."""
    return re.sub(r"\{%(-?) *(end)?generation *(-?)%\}", lambda m: "{%" + m[1] + (" endif " if m[2] else " if true ") + m[3] + "%}", template)


def case(name, template, tokenizer_name, documents, special):
    path = sys.argv[1] + "/" + tokenizer_name + "/tokenizer.json"
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=path, **special)
    made = []
    for document in documents:
        arguments = {key: value for key, value in document.items() if key != "messages"}
        text = tokenizer.apply_chat_template(document["messages"], chat_template=plain(template), tokenize=False, **arguments)
        out = tokenizer.apply_chat_template(document["messages"], chat_template=template, tokenize=True, return_dict=True,
                                            return_assistant_tokens_mask=True, **arguments)
        asked = tokenizer.apply_chat_template(document["messages"][:1], chat_template=template, add_generation_prompt=True, tokenize=True,
                                              return_dict=True, **arguments)
        assert tokenizer(text, add_special_tokens=False)["input_ids"] == out["input_ids"]
        made.append({"document": document, "text": text, "ids": out["input_ids"], "mask": "".join(map(str, out["assistant_masks"])),
                     "asked": asked["input_ids"]})
    return {"name": name, "marked": template, "plain": plain(template), "tokenizer": tokenizer_name, "special": special, "documents": made}


if __name__ == "__main__":
    cases = [case(*each) for each in CASES]
    tokenizers = {name: json.load(open(sys.argv[1] + "/" + name + "/tokenizer.json")) for name in ("byte_bpe", "nfc_bpe")}
    with open(sys.argv[2] + "/conversations.json", "w") as out:
        json.dump({"cases": cases, "tokenizers": tokenizers}, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")
