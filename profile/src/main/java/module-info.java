/** Profiles of steps: spans of each rank on the host and on the device, for Perfetto and for Java Flight Recorder. */
module io.moe4j.profile {
    requires transitive io.moe4j.api;
    requires jdk.jfr;
    requires static transitive org.jspecify;
    requires tools.jackson.databind;

    exports io.moe4j.profile;
}
