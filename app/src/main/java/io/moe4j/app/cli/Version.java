package io.moe4j.app.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        String version = Main.class.getModule().getDescriptor() == null ? null
                : Main.class.getModule().getDescriptor().rawVersion().orElse(null);
        return new String[] {"moe4j " + (version == null ? "(unknown version)" : version), "Java "
                + Runtime.version()};
    }
}
