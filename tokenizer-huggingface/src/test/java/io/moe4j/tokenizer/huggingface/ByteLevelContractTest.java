package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.text.TokenizerProvider;
import io.moe4j.api.text.TokenizerSource;
import io.moe4j.tests.contract.TokenizerContract;
import java.util.Optional;

class ByteLevelContractTest extends TokenizerContract {
    @Override
    protected TokenizerProvider provider() {
        return new HuggingFaceTokenizerProvider();
    }

    @Override
    protected TokenizerSource source() {
        return TokenizerSource.of(Texts.tokenizer("byte_bpe"));
    }

    @Override
    protected Optional<String> otherEndToken() {
        return Optional.of("a");
    }
}
