/** What plug-ins share with the operating system: the ownership of files, and a private folder for native libraries. */
@NullMarked
package io.moe4j.api.host;

import org.jspecify.annotations.NullMarked;
