/** The composition root: configuration, wiring, data, optimizer, command line. */
module io.moe4j.trainer {
    requires com.google.common;
    requires com.google.guice;
    requires info.picocli;
    requires io.moe4j.activationcheckpoint;
    requires transitive io.moe4j.api;
    requires io.moe4j.autograd;
    requires io.moe4j.comm.minimalasyncep;
    requires io.moe4j.comm.standard;
    requires io.moe4j.kernels.swiglu;
    requires io.moe4j.model.deepseek;
    requires io.moe4j.runtime.cpu;
    requires io.moe4j.runtime.planning;
    requires jakarta.inject;
    requires me.tongfei.progressbar;
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires tools.jackson.databind;
    requires tools.jackson.dataformat.toml;

    exports io.moe4j.trainer;
    exports io.moe4j.trainer.cli;
    exports io.moe4j.trainer.config;
    exports io.moe4j.trainer.safetensors;

    opens io.moe4j.trainer.cli to info.picocli;
}
