/** The command line. */
module io.moe4j.app {
    requires info.picocli;
    requires io.moe4j.launch;
    requires io.moe4j.metrics.prometheus;
    requires io.moe4j.report;
    requires io.moe4j.safetensors;
    requires transitive io.moe4j.trainer;
    requires java.management;
    requires jdk.unsupported;
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires tools.jackson.databind;

    exports io.moe4j.app.cli;
    exports io.moe4j.app.parity;

    opens io.moe4j.app.cli to info.picocli;
}
