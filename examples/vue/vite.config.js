import vue from "@vitejs/plugin-vue";

export default {
  plugins: [
    // Vue leaves to the browser what is no component of its own.
    vue({ template: { compilerOptions: { isCustomElement: tag => tag === "couplet-chat" } } }),
  ],
};
