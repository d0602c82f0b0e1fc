/** Files of tensors in the safetensors format. */
module io.moe4j.safetensors {
    requires transitive io.moe4j.api;
    requires static transitive org.jspecify;
    requires tools.jackson.databind;

    exports io.moe4j.safetensors;
}
