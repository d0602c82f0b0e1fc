/** Readers of files against damaged ones. */
module io.moe4j.tests.fuzz {
    requires io.moe4j.api;
    requires io.moe4j.autograd;
    requires io.moe4j.app;
    requires io.moe4j.data;
    requires io.moe4j.safetensors;
    requires tools.jackson.databind;
}
