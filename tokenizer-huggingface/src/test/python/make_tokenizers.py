"""Writes the small tokenizers of MoreTokenizersTest, each with the ids that Hugging Face's library gives for difficult texts.

    python make_tokenizers.py TEXT-FILE OUTPUT-FOLDER      (tokenizers 0.23.2)
"""
import json
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TEXTS = [
    "", " ", "\n", "  two  spaces ", "To be, or not to be: that is the question.", "Don't, won't; it's I'll", "UPPER lower Mixed",
    "caf\u00e9 cafe\u0301 \u00c5ngstr\u00f6m \u212b", "\u4f60\u597d\uff0c\u4e16\u754c\u3002", "\u65e5\u672c\u8a9e \u30c6\u30ad\u30b9\u30c8", "\ud55c\uad6d\uc5b4 \ud14d\uc2a4\ud2b8",
    "\u0416\u0438\u0437\u043d\u044c \u043f\u0440\u0435\u043a\u0440\u0430\u0441\u043d\u0430", "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "\U0001F600 \U0001F469\u200D\U0001F4BB \U0001F1E9\U0001F1EA", "1 22 333 4444 55555 3.14159 1,000,000", "a\tb\r\nc\n\nd \n e", "x = y + z * (w - 1) / 2;\n    return x",
    "\u00a0non\u2003breaking\u3000spaces", "\ufb01ne \u00bd \u2460 \u33a5", "\u0000zero", "<mask> a <mask>b<mask> c", "<left>  x <left>", "y <right>   z<right> ", " <word>word<word> a<word> <word> ",
    "<s>inside</s> <unk>", "[CLS] bert [SEP] [MASK]", "http://example.com/?a=b&c=d#e", "\u2581 already \u2581there", "####", "a" * 120, "\u0301\u0301combining", "end ",
]


def added(kind):
    """One that takes what follows prevents that texts are cut. Another version of the library decodes normalized ones of llama differently."""
    right = [AddedToken("<right>", rstrip=True, normalized=False)] if kind in ("bert", "llama", "normalized") else []
    return right + [AddedToken("<mask>", lstrip=True, special=True), AddedToken("<left>", lstrip=True, normalized=False),
                    AddedToken("<word>", single_word=True, normalized=kind != "llama")]


def llama():
    """As Llama 2 and Mixtral: spaces are a normalizer's, words are not split, bytes stand for what is unknown."""
    t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    t.pre_tokenizer = pre_tokenizers.Split("\u2581", "merged_with_next")
    t.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    special = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % i for i in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=special, show_progress=False)
    return t, trainer, lambda made: made.update(pre_tokenizer=None)


def metaspace():
    t = Tokenizer(models.BPE(unk_token="<unk>"))
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    t.decoder = decoders.Metaspace(prepend_scheme="always")
    return t, trainers.BpeTrainer(vocab_size=500, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False), None


def bert():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "</s>"]
    return t, trainers.WordPieceTrainer(vocab_size=500, special_tokens=special, show_progress=False), None


def gpt2():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    return t, trainers.BpeTrainer(vocab_size=500, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  show_progress=False), None


def normalized():
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace(Regex(" {2,}"), " "),
                                         normalizers.StripAccents()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.Punctuation(), pre_tokenizers.Metaspace()])
    t.decoder = decoders.Metaspace()
    return t, trainers.UnigramTrainer(vocab_size=500, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False), None


def main(text, folder):
    lines = open(text, encoding="utf-8").read().splitlines()
    for make in (llama, metaspace, bert, gpt2, normalized):
        tokenizer, trainer, change = make()
        tokenizer.train_from_iterator(lines, trainer)
        tokenizer.add_tokens(added(make.__name__))
        made = json.loads(tokenizer.to_str())
        if change:
            change(made)
        tokenizer = Tokenizer.from_str(json.dumps(made))
        cases = []
        for each in TEXTS:
            ids = tokenizer.encode(each, add_special_tokens=False).ids
            cases.append({"text": each, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)})
        made["cases"] = cases
        with open("%s/%s.json" % (folder, make.__name__), "w", encoding="utf-8") as out:
            json.dump(made, out, ensure_ascii=True, separators=(",", ":"))
            out.write("\n")


main(*sys.argv[1:])
