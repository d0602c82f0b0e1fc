/** Building blocks of any decoder: layers, rotary embeddings, initial values, and a model made of them. */
module io.moe4j.layers {
    requires transitive io.moe4j.api;
    requires transitive io.moe4j.autograd;
    requires static transitive org.jspecify;

    exports io.moe4j.layers.attention;
    exports io.moe4j.layers.block;
    exports io.moe4j.layers.decoder;
    exports io.moe4j.layers.feedforward;
    exports io.moe4j.layers.huggingface;
    exports io.moe4j.layers.init;
    exports io.moe4j.layers.rotary;
    exports io.moe4j.layers.unit;
}
