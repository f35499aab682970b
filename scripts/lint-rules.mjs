// House rules that oxlint does not bring.
export default {
  meta: { name: 'svcproxy' },
  rules: {
    'no-export-star': {
      create: (context) => ({
        ExportAllDeclaration(node) {
          context.report({ node, message: 'Name what is exported: `export *` makes the public list grow unseen.' })
        },
      }),
    },
  },
}
