package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.text.TokenizerProvider;
import io.moe4j.api.text.TokenizerSource;
import io.moe4j.tests.contract.TokenizerContract;

class UnigramContractTest extends TokenizerContract {
    @Override
    protected TokenizerProvider provider() {
        return new HuggingFaceTokenizerProvider();
    }

    @Override
    protected TokenizerSource source() {
        return TokenizerSource.of(Texts.tokenizer("unigram"));
    }

    /** A space at the beginning is left out. */
    @Override
    protected boolean keepsText() {
        return false;
    }
}
