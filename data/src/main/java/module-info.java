/** Training data: text as sequences of tokens, divided over ranks. */
module io.moe4j.data {
    requires transitive io.moe4j.api;
    requires static transitive org.jspecify;
    requires com.github.luben.zstd_jni;
    requires org.slf4j;

    exports io.moe4j.data;

    provides io.moe4j.api.text.TokenizerProvider with io.moe4j.data.ByteTokenizerProvider;
    provides io.moe4j.api.text.SourceProvider with io.moe4j.data.JsonSourceProvider;
}
