package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.text.TokenizerProvider;
import io.moe4j.api.text.TokenizerSource;
import io.moe4j.data.ByteTokenizerProvider;
import io.moe4j.tests.contract.TokenizerContract;

/** The tokenizer of bytes, which is in another module, whose tests do not see the kit. */
class BytesContractTest extends TokenizerContract {
    @Override
    protected TokenizerProvider provider() {
        return new ByteTokenizerProvider();
    }

    @Override
    protected TokenizerSource source() {
        return TokenizerSource.ofId();
    }
}
