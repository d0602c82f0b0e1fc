/** Tokenizers in Hugging Face's format. */
module io.moe4j.tokenizer.huggingface {
    requires ai.djl.tokenizers;
    requires io.moe4j.api;
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires tools.jackson.databind;

    provides io.moe4j.api.text.TokenizerProvider with io.moe4j.tokenizer.huggingface.HuggingFaceTokenizerProvider;
}
